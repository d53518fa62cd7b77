#include "smtp/transaction.h"

#include <poll.h>
#include <stddef.h>

#include "global/address/address.h"
#include "smtp/content.h"
#include "smtp/generic.h"
#include "util/log/log.h"
#include "util/text/encode.h"

/* Unanswered commands stay below this many bytes, so that both sides can never block in write. */
enum { PIPELINE_MAX = 4096 };

enum { STEPS_BESIDE_RECIPIENTS = 5 };

enum step_kind { STEP_RSET, STEP_XFORWARD_WHO, STEP_XFORWARD_HOW, STEP_MAIL, STEP_RCPT, STEP_DATA };

/* A command to send, and its reply to come. */
struct step {
	enum step_kind kind;
	size_t recipient;		/* of RCPT: which one of the transaction */
};

struct transaction {
	struct delivery *delivery;
	const struct client *client;
	struct session *session;
	struct view sender;		/* as the server sees it: smtp_generic_maps are applied */
	struct view *addresses;		/* of the recipients, the same */
	size_t *index;			/* the recipients of this transaction, by their place in the request */
	bool *accepted;
	size_t count, accepted_count;
	struct step *steps;
	size_t step_count;
	size_t unanswered;		/* bytes of commands whose replies did not come yet */
	bool mail_refused, data_go;
	bool stale;			/* the kept session was of no use: nothing is known about the recipients */
};

/* -- verdicts ---------------------------------------------------------------------------------------------------------- */

/* A server that knows DSN tells of success itself; from another one nobody would hear (RFC 3461, 5.2.2). */
static void
note_relay(const struct delivery *delivery, struct queue_recipient *recipient, struct dsn *dsn)
{
	const struct session *session = delivery->session;

	if (session == NULL || delivery->client->config->assume_final)
		return;
	if (session->features & FEATURE_DSN)
		recipient->dsn_notify &= ~DSN_NOTIFY_SUCCESS;
	buf_set(&dsn->action, VIEW("relayed"));
}

static bool
conclude(const struct delivery *delivery, size_t i, const char *relay, const struct dsn *dsn)
{
	struct queue_recipient recipient = delivery->request->recipients[i];
	struct dsn verdict;
	bool done;

	if (dsn->status[0] != '2')
		return delivery_conclude(delivery->request, &recipient, relay, dsn);
	dsn_init(&verdict);
	dsn_copy(&verdict, dsn);
	note_relay(delivery, &recipient, &verdict);
	done = delivery_conclude(delivery->request, &recipient, relay, &verdict);
	dsn_fini(&verdict);
	return done;
}

static bool
is_soft(const struct delivery *delivery, const struct dsn *dsn)
{
	return dsn->status[0] == '4' || (dsn->status[0] == '5' && delivery->request->settings->soft_bounce);
}

static void
settle(struct delivery *delivery, size_t i, const char *relay, const struct dsn *dsn)
{
	if (delivery->settled[i])
		return;
	if (!delivery->final_host && is_soft(delivery, dsn)) {
		dsn_copy(&delivery->last, dsn);
		return;
	}
	delivery->settled[i] = true;
	delivery->left--;
	if (!conclude(delivery, i, relay, dsn))
		delivery->deferred = true;
}

void
delivery_fail_all(struct delivery *delivery, const char *relay, const struct dsn *dsn)
{
	for (size_t i = 0; i < delivery->request->recipient_count; i++)
		settle(delivery, i, relay, dsn);
}

static void
fail(struct transaction *t, const struct dsn *dsn)
{
	for (size_t i = 0; i < t->count; i++)
		settle(t->delivery, t->index[i], buf_c(&t->session->relay), dsn);
}

/* The connection is lost: with no other host to try, that is the destination's trouble. */
static void
fail_site(struct transaction *t, const struct dsn *dsn)
{
	if (t->delivery->final_host) {
		dsn_copy(&t->delivery->last, dsn);
		t->delivery->site_failed = true;
	}
	fail(t, dsn);
}

static void
settle_one(struct transaction *t, size_t i, const struct dsn *dsn)
{
	settle(t->delivery, t->index[i], buf_c(&t->session->relay), dsn);
}

/* -- commands ----------------------------------------------------------------------------------------------------------- */

static bool
needs_smtputf8(const struct delivery_request *request)
{
	if ((request->options & QUEUE_OPTION_SMTPUTF8_REQUESTED) == 0)
		return false;
	if ((request->options & (QUEUE_OPTION_SMTPUTF8_HEADER | QUEUE_OPTION_SMTPUTF8_SENDER)) != 0)
		return true;
	for (size_t i = 0; i < request->recipient_count; i++)
		if (!view_is_ascii(request->recipients[i].address))
			return true;
	return false;
}

static void
put_dsn_mail(struct buf *line, const struct delivery_request *request)
{
	if (request->ret == DSN_RET_FULL || request->ret == DSN_RET_HDRS)
		buf_puts(line, request->ret == DSN_RET_FULL ? " RET=FULL" : " RET=HDRS");
	if (!view_empty(request->envid)) {
		buf_puts(line, " ENVID=");
		xtext_encode(line, request->envid, "");
	}
}

static void
put_path(const struct transaction *t, struct view address, struct buf *out)
{
	buf_putc(out, '<');
	if (t->client->config->quote_envelope)
		address_quote(out, address);
	else
		buf_putv(out, address);
	buf_putc(out, '>');
}

static void
put_mail(const struct transaction *t, const struct step *step, struct buf *line)
{
	const struct delivery_request *request = t->delivery->request;
	unsigned features = t->session->features;

	buf_puts(line, "MAIL FROM:");
	put_path(t, t->sender, line);
	if (features & FEATURE_SIZE)
		buf_printf(line, " SIZE=%lld", request->data_size);
	if ((features & FEATURE_8BITMIME) && view_is(request->encoding, "8bit"))
		buf_puts(line, " BODY=8BITMIME");
	if ((features & FEATURE_SMTPUTF8) && needs_smtputf8(request))
		buf_puts(line, " SMTPUTF8");
	if (features & FEATURE_DSN)
		put_dsn_mail(line, request);
	if ((features & FEATURE_AUTH) && t->client->config->dummy_mail_auth)
		buf_puts(line, " AUTH=<>");
}

static void
put_notify(struct buf *line, int notify)
{
	static const struct {
		int flag;
		const char *word;
	} words[] = { { DSN_NOTIFY_SUCCESS, "SUCCESS" }, { DSN_NOTIFY_FAILURE, "FAILURE" }, { DSN_NOTIFY_DELAY, "DELAY" } };
	const char *before = " NOTIFY=";

	if (notify & DSN_NOTIFY_NEVER) {
		buf_puts(line, " NOTIFY=NEVER");
		return;
	}
	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (notify & words[i].flag) {
			buf_printf(line, "%s%s", before, words[i].word);
			before = ",";
		}
}

/* What does not fit into one parameter would become two. */
static bool
is_one_word(struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f)
			return false;
	return text.len > 0;
}

/* orcpt-parameter = "ORCPT=" addr-type ";" xtext (RFC 3461, 4.2); stored decoded */
static void
put_orcpt(struct buf *line, struct view orcpt)
{
	struct view type, text;

	if (!view_split(orcpt, ';', &type, &text) || !is_one_word(type))
		return;
	buf_printf(line, " ORCPT=%.*s;", VIEW_ARG(type));
	if (view_is_nocase(type, "utf-8") && is_one_word(text))
		buf_putv(line, text);
	else
		xtext_encode(line, text, "");
}

static void
put_rcpt(const struct transaction *t, const struct step *step, struct buf *line)
{
	const struct queue_recipient *recipient = &t->delivery->request->recipients[t->index[step->recipient]];

	buf_puts(line, "RCPT TO:");
	put_path(t, t->addresses[step->recipient], line);
	if (t->session->features & FEATURE_DSN) {
		put_notify(line, recipient->dsn_notify);
		put_orcpt(line, recipient->dsn_orcpt);
	}
}

static void
put_data(const struct transaction *t, const struct step *step, struct buf *line)
{
	buf_puts(line, "DATA");
}

static void
put_rset(const struct transaction *t, const struct step *step, struct buf *line)
{
	buf_puts(line, "RSET");
}

/* -- XFORWARD: what we know about the client that sent us the message ------------------------------------------------ */

/* Not known, or known to be unknown: both are said, so that nothing looks local that is not (QM19). */
static void
put_xforward(const struct transaction *t, unsigned attribute, const char *name, struct view value, struct buf *line)
{
	if ((t->session->xforward & attribute) == 0)
		return;
	buf_printf(line, " %s=", name);
	if (view_empty(value) || view_is(value, "unknown"))
		buf_puts(line, "[UNAVAILABLE]");
	else
		xtext_encode(line, value, "");
}

static void
put_who(const struct transaction *t, const struct step *step, struct buf *line)
{
	const struct delivery_request *request = t->delivery->request;

	buf_puts(line, "XFORWARD");
	put_xforward(t, XFORWARD_NAME, "NAME", request->client_name, line);
	put_xforward(t, XFORWARD_ADDR, "ADDR", request->client_address, line);
	put_xforward(t, XFORWARD_PORT, "PORT", request->client_port, line);
}

static void
put_how(const struct transaction *t, const struct step *step, struct buf *line)
{
	const struct delivery_request *request = t->delivery->request;
	struct view ident = view_empty(request->log_ident) ? request->queue_id : request->log_ident;
	bool local = view_is(request->rewrite_context, "local");

	buf_puts(line, "XFORWARD");
	put_xforward(t, XFORWARD_PROTO, "PROTO", request->client_protocol, line);
	put_xforward(t, XFORWARD_HELO, "HELO", request->client_helo, line);
	put_xforward(t, XFORWARD_IDENT, "IDENT", ident, line);
	put_xforward(t, XFORWARD_SOURCE, "SOURCE", local ? VIEW("LOCAL") : VIEW("REMOTE"), line);
}

/* -- replies ------------------------------------------------------------------------------------------------------------- */

static bool
is_probe(const struct transaction *t)
{
	return (t->delivery->request->flags & DELIVERY_TRACE) != 0;
}

/* A probe asks, and sends nothing: how far? */
static bool
asks_data(const struct transaction *t)
{
	return strcmp(t->client->config->verify_target, "data") == 0;
}

/* The session was kept too long, or does not like us any more: another one will do. */
static void
rset_reply(struct transaction *t, const struct step *step, struct dsn *dsn)
{
	if (t->session->reply.code / 100 != 2)
		t->stale = t->session->broken = true;
	t->session->unproven = false;
}

static void
xforward_reply(struct transaction *t, const struct step *step, struct dsn *dsn)
{
	if (t->session->reply.code / 100 != 2)
		log_warn("host %s said: %s (in reply to XFORWARD)", buf_c(&t->session->peer), buf_c(&t->session->reply.text));
}

static void
mail_reply(struct transaction *t, const struct step *step, struct dsn *dsn)
{
	if (t->session->reply.code / 100 == 2)
		return;
	t->mail_refused = true;
	session_verdict(t->session, "MAIL FROM", dsn);
	fail(t, dsn);
}

static void
rcpt_reply(struct transaction *t, const struct step *step, struct dsn *dsn)
{
	if (t->mail_refused)
		return;
	if (t->session->reply.code / 100 == 2) {
		t->accepted[step->recipient] = true;
		t->accepted_count++;
		if (!is_probe(t) || asks_data(t))
			return;
	}
	session_verdict(t->session, "RCPT TO", dsn);
	settle_one(t, step->recipient, dsn);
}

static void
settle_accepted(struct transaction *t, const struct dsn *dsn)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->accepted[i])
			settle_one(t, i, dsn);
}

static void
data_reply(struct transaction *t, const struct step *step, struct dsn *dsn)
{
	t->data_go = t->session->reply.code / 100 == 3;
	if (t->accepted_count == 0 || (t->data_go && !is_probe(t)))
		return;
	session_verdict(t->session, "DATA", dsn);
	if (t->data_go) {
		dsn_set(dsn, "2.0.0", "%s", buf_c(&t->session->reply.text));
	} else if (dsn->status[0] == '2' && !is_probe(t)) {	/* a success, of what? Nothing was sent */
		t->session->broken = true;
		t->session->transcript.troubles |= TROUBLE_PROTOCOL;
		dsn_set(dsn, "4.5.0", "protocol error: host %s said: %s (in reply to DATA command)", buf_c(&t->session->peer),
		    buf_c(&dsn->diag_text));
	}
	settle_accepted(t, dsn);
}

/* -- the dialogue up to the content ------------------------------------------------------------------------------------- */

#define TIMEOUT(member)		offsetof(struct smtp_config, member)

static const struct {
	void (*put)(const struct transaction *t, const struct step *step, struct buf *line);
	void (*take)(struct transaction *t, const struct step *step, struct dsn *dsn);
	size_t timeout;			/* where it stands in the configuration */
	const char *doing;
} kinds[] = {
	[STEP_RSET]         = { put_rset, rset_reply,     TIMEOUT(rset_timeout_sec),      "sending RSET" },
	[STEP_XFORWARD_WHO] = { put_who,  xforward_reply, TIMEOUT(xforward_timeout_sec),  "sending XFORWARD name/address" },
	[STEP_XFORWARD_HOW] = { put_how,  xforward_reply, TIMEOUT(xforward_timeout_sec),  "sending XFORWARD protocol/helo_name" },
	[STEP_MAIL]         = { put_mail, mail_reply,     TIMEOUT(mail_timeout_sec),      "sending MAIL FROM" },
	[STEP_RCPT]         = { put_rcpt, rcpt_reply,     TIMEOUT(rcpt_timeout_sec),      "sending RCPT TO" },
	[STEP_DATA]         = { put_data, data_reply,     TIMEOUT(data_init_timeout_sec), "sending DATA command" },
};

static void
add_step(struct transaction *t, enum step_kind kind, size_t recipient)
{
	t->steps[t->step_count++] = (struct step){ kind, recipient };
}

static void
plan(struct transaction *t)
{
	unsigned xforward = t->client->config->send_xforward ? t->session->xforward : 0;

	if (t->session->unproven)
		add_step(t, STEP_RSET, 0);
	if (xforward & (XFORWARD_NAME | XFORWARD_ADDR | XFORWARD_PORT))
		add_step(t, STEP_XFORWARD_WHO, 0);
	if (xforward & (XFORWARD_PROTO | XFORWARD_HELO | XFORWARD_IDENT | XFORWARD_SOURCE))
		add_step(t, STEP_XFORWARD_HOW, 0);
	add_step(t, STEP_MAIL, 0);
	for (size_t i = 0; i < t->count; i++)
		add_step(t, STEP_RCPT, i);
	if (!is_probe(t) || asks_data(t))
		add_step(t, STEP_DATA, 0);
}

static void
send_step(struct transaction *t, const struct step *step)
{
	struct buf line = BUF_INIT;

	kinds[step->kind].put(t, step, &line);
	session_command(t->session, "%s", buf_c(&line));
	t->unanswered += line.len + 2;
	buf_fini(&line);
}

static bool
take_reply(struct transaction *t, const struct step *step, struct dsn *dsn)
{
	int timeout_sec;

	memcpy(&timeout_sec, (const char *)t->client->config + kinds[step->kind].timeout, sizeof(timeout_sec));
	if (!session_reply(t->session, timeout_sec, kinds[step->kind].doing, dsn)) {
		t->stale = step->kind == STEP_RSET;
		if (!t->stale)
			fail_site(t, dsn);
		return false;
	}
	kinds[step->kind].take(t, step, dsn);
	return !t->stale;
}

/* May this command go out before the replies to those before it came? */
static bool
may_send(const struct transaction *t, size_t step, size_t answered)
{
	if (step == answered)		/* refused, or nobody to send to: no more */
		return !t->mail_refused && (t->steps[step].kind != STEP_DATA || t->accepted_count > 0);
	return (t->session->features & FEATURE_PIPELINING) != 0 && t->unanswered < PIPELINE_MAX;
}

/* MAIL, RCPT and so on, as far as they go. False when the connection was lost. */
static bool
envelope(struct transaction *t, struct dsn *dsn)
{
	size_t sent = 0;

	for (size_t answered = 0; answered < t->step_count; answered++) {
		while (sent < t->step_count && may_send(t, sent, answered))
			send_step(t, &t->steps[sent++]);
		if (sent == answered)
			return true;
		if (!take_reply(t, &t->steps[answered], dsn))
			return false;
		if (sent == answered + 1)
			t->unanswered = 0;
	}
	return true;
}

/* -- content ------------------------------------------------------------------------------------------------------------- */

/* The verdict after the final dot: one for all, or, with LMTP, one for each (RFC 2033, 4.2). */
static void
final_replies(struct transaction *t, struct dsn *dsn)
{
	static const char doing[] = "sending end of data -- message may be sent more than once";
	bool have = false;

	for (size_t i = 0; i < t->count; i++) {
		if (!t->accepted[i])
			continue;
		if (!have || t->client->lmtp) {
			if (!session_reply(t->session, t->client->config->data_done_timeout_sec, doing, dsn)) {
				fail_site(t, dsn);
				return;
			}
			session_verdict(t->session, "end of DATA", dsn);
			have = true;
		}
		settle_one(t, i, dsn);
	}
}

/* Each write has its time; or all of them together, with more for every so many bytes. */
static void
limit_transfer(struct transaction *t)
{
	const struct smtp_config *config = t->client->config;
	msec_t limit = (msec_t)config->data_xfer_timeout_sec * 1000;

	if (config->per_request_deadline) {
		stream_set_deadline(t->session->stream, clock_deadline(limit));
		stream_set_min_rate(t->session->stream, (unsigned)config->min_data_rate, limit);
	} else {
		stream_set_timeout(t->session->stream, limit);
	}
}

static void
unlimit_transfer(struct transaction *t)
{
	stream_set_deadline(t->session->stream, CLOCK_NEVER);
	stream_set_min_rate(t->session->stream, 0, 0);
	stream_set_timeout(t->session->stream, 0);
}

static enum stream_result
send_dot(struct transaction *t)
{
	enum stream_result result;

	if (t->session->delays_dot) {
		if ((result = stream_flush(t->session->stream)) != STREAM_OK)
			return result;
		poll(NULL, 0, t->client->config->pix_delay_sec * 1000);
	}
	stream_puts(t->session->stream, ".\r\n");
	return stream_flush(t->session->stream);
}

/* Never a final dot behind half a message. */
static void
give_up_content(struct transaction *t, enum content_result why, struct dsn *dsn)
{
	static const char *const texts[] = {
		[CONTENT_CORRUPT] = "message content is damaged", [CONTENT_UNREADABLE] = "cannot read the message",
		[CONTENT_FAILED] = "content table lookup error",
	};

	t->session->broken = true;
	t->delivery->final_host = true;
	if (why == CONTENT_FAILED)
		t->session->transcript.troubles |= TROUBLE_DATA;
	if (why == CONTENT_CORRUPT)
		queue_mark_corrupt(t->delivery->request->fd);
	dsn_set(dsn, "4.3.0", "%s", texts[why]);
	settle_accepted(t, dsn);
}

/* Whoever takes eight bits gets them; so does everybody when the message has none, or nothing may be changed. */
static bool
needs_7bit(const struct transaction *t)
{
	return (t->session->features & FEATURE_8BITMIME) == 0 && !t->client->config->no_mime_conversion &&
	    !view_is(t->delivery->request->encoding, "7bit");
}

static void
content(struct transaction *t, struct dsn *dsn)
{
	enum stream_result result = STREAM_OK;
	enum content_result sent;

	limit_transfer(t);
	sent = content_send(t->session->stream, t->client, t->delivery->request, needs_7bit(t));
	if (sent == CONTENT_SENT)
		result = send_dot(t);
	unlimit_transfer(t);
	if (sent != CONTENT_SENT) {
		give_up_content(t, sent, dsn);
	} else if (result != STREAM_OK) {
		session_lost(t->session, result, "sending message body", dsn);
		fail_site(t, dsn);
	} else {
		final_replies(t, dsn);
	}
}

/* A server that says 354 although it refused everybody gets an empty message. */
static void
no_content(struct transaction *t, struct dsn *dsn)
{
	stream_puts(t->session->stream, ".\r\n");
	session_reply(t->session, t->client->config->data_done_timeout_sec, "sending end of data", dsn);
}

/* What this server cannot take at all. */
static bool
unfit(struct transaction *t, struct dsn *dsn)
{
	const struct delivery_request *request = t->delivery->request;

	if (t->session->size_limit > 0 && (unsigned long long)request->data_size > t->session->size_limit) {
		dsn_set(dsn, "5.3.4", "message size %lld exceeds size limit %llu of server %s", request->data_size,
		    t->session->size_limit, buf_c(&t->session->peer));
		return true;
	}
	if (needs_smtputf8(request) && !(t->session->features & FEATURE_SMTPUTF8)) {
		dsn_set(dsn, t->delivery->final_host ? "5.6.7" : "4.6.7",
		    "message requires SMTPUTF8, but no server was found that supports SMTPUTF8");
		return true;
	}
	return false;
}

static void
run(struct transaction *t, struct dsn *dsn)
{
	if (unfit(t, dsn)) {
		fail(t, dsn);
		return;
	}
	plan(t);
	if (!envelope(t, dsn))
		return;
	if (is_probe(t))
		t->session->broken = t->session->broken || t->data_go;	/* behind 354 there is no way back */
	else if (t->data_go && t->accepted_count > 0)
		content(t, dsn);
	else if (t->data_go)
		no_content(t, dsn);
}

static void
add_recipients(struct transaction *t, struct arena *arena)
{
	const struct delivery *delivery = t->delivery;

	t->index = arena_alloc_array(arena, delivery->left, sizeof(*t->index));
	t->accepted = arena_alloc_array(arena, delivery->left, sizeof(*t->accepted));
	t->addresses = arena_alloc_array(arena, delivery->left, sizeof(*t->addresses));
	t->steps = arena_alloc_array(arena, delivery->left + STEPS_BESIDE_RECIPIENTS, sizeof(*t->steps));
	for (size_t i = 0; i < delivery->request->recipient_count; i++)
		if (!delivery->settled[i])
			t->index[t->count++] = i;
}

static bool
map_address(const struct transaction *t, struct view address, struct arena *arena, struct view *out)
{
	struct buf mapped = BUF_INIT;
	bool ok = true;

	*out = address;
	if (t->client->generic != NULL && (ok = generic_map(t->client, address, &mapped)))
		*out = arena_view(arena, buf_view(&mapped));
	buf_fini(&mapped);
	return ok;
}

static bool
map_addresses(struct transaction *t, struct arena *arena)
{
	const struct delivery_request *request = t->delivery->request;
	bool ok = map_address(t, request->sender, arena, &t->sender);

	for (size_t i = 0; ok && i < t->count; i++)
		ok = map_address(t, request->recipients[t->index[i]].address, arena, &t->addresses[i]);
	return ok;
}

void
transaction_run(struct delivery *delivery)
{
	struct transaction t = { .delivery = delivery, .client = delivery->client, .session = delivery->session };
	struct arena arena = ARENA_INIT;
	struct dsn dsn;

	dsn_init(&dsn);
	add_recipients(&t, &arena);
	delivery->session->uses++;
	delivery->request->connection_use = delivery->session->uses;
	if (map_addresses(&t, &arena)) {
		run(&t, &dsn);
	} else {
		delivery->session->transcript.troubles |= TROUBLE_DATA;
		delivery->final_host = true;	/* another one would not help */
		dsn_set(&dsn, "4.3.0", "%s_generic_maps lookup error", client_prefix(t.client));
		fail(&t, &dsn);
	}
	delivery->session->idle_since = clock_now();
	dsn_fini(&dsn);
	arena_fini(&arena);
}

#include "smtp/transaction.h"

#include "global/address/address.h"
#include "global/address/mail_maps.h"
#include "smtp/content.h"
#include "util/log/log.h"
#include "util/text/encode.h"

/* Unanswered commands stay below this many bytes, so that both sides can never block in write. */
enum { PIPELINE_MAX = 4096 };

struct transaction {
	struct delivery *delivery;
	struct session *session;
	size_t *index;			/* the recipients of this transaction, by their place in the request */
	bool *accepted;
	size_t count, accepted_count;
	size_t unanswered;		/* bytes of commands whose replies did not come yet */
	bool mail_refused, data_go;
};

/* -- verdicts ---------------------------------------------------------------------------------------------------------- */

/* A server that knows DSN tells the sender itself; from another one nobody would hear (RFC 3461, 5.2.2). */
static void
note_relay(const struct delivery *delivery, struct queue_recipient *recipient, struct dsn *dsn)
{
	const struct session *session = delivery->session;

	if (session == NULL || session->config->assume_final)
		return;
	if (session->features & FEATURE_DSN)
		recipient->dsn_notify &= ~DSN_NOTIFY_SUCCESS;
	else
		buf_set(&dsn->action, VIEW("relayed"));
}

static bool
conclude(const struct delivery *delivery, size_t i, const char *relay, const struct dsn *dsn)
{
	struct queue_recipient recipient = delivery->request->recipients[i];
	struct dsn verdict;
	bool done;

	if (dsn->status[0] == '5')
		return delivery_bounced(delivery->request, &recipient, relay, dsn);
	if (dsn->status[0] == '4')
		return delivery_deferred(delivery->request, &recipient, relay, dsn);
	dsn_init(&verdict);
	dsn_copy(&verdict, dsn);
	note_relay(delivery, &recipient, &verdict);
	done = delivery_sent(delivery->request, &recipient, relay, &verdict);
	dsn_fini(&verdict);
	return done;
}

static void
settle(struct delivery *delivery, size_t i, const char *relay, const struct dsn *dsn)
{
	if (delivery->settled[i])
		return;
	if (dsn->status[0] == '4' && !delivery->final_host) {
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

static void
settle_one(struct transaction *t, size_t i, const struct dsn *dsn)
{
	settle(t->delivery, t->index[i], buf_c(&t->session->relay), dsn);
}

/* -- addresses ---------------------------------------------------------------------------------------------------------- */

/* Applies smtp_generic_maps; the address stays as it is when a table could not be asked (false). */
static bool
generic(struct delivery *delivery, struct view address, struct buf *out)
{
	struct buf extension = BUF_INIT;
	enum lookup found = LOOKUP_NONE;
	struct view local, domain;

	buf_reset(out);
	if (delivery->generic != NULL && !view_empty(address))
		found = mail_maps_lookup(delivery->generic, address, delivery->config->recipient_delimiter,
		    ADDRESS_KEY_FULL | ADDRESS_KEY_AT_DOMAIN, false, out, &extension, NULL);
	if (found == LOOKUP_FOUND && out->len > 0 && out->data[0] == '@' && address_split(address, &local, &domain)) {
		buf_insert(out, 0, local);
	} else if (found != LOOKUP_FOUND) {
		buf_set(out, address);
	}
	buf_fini(&extension);
	return found != LOOKUP_RETRY;
}

static void
put_path(struct transaction *t, struct view address, struct buf *out)
{
	struct buf mapped = BUF_INIT;

	if (!generic(t->delivery, address, &mapped))
		log_warn("%.*s: smtp_generic_maps lookup problem", VIEW_ARG(t->delivery->request->queue_id));
	buf_putc(out, '<');
	if (t->delivery->config->quote_envelope)
		address_quote(out, buf_view(&mapped));
	else
		buf_putv(out, buf_view(&mapped));
	buf_putc(out, '>');
	buf_fini(&mapped);
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
put_mail(struct transaction *t, struct buf *line)
{
	const struct delivery_request *request = t->delivery->request;
	unsigned features = t->session->features;

	buf_puts(line, "MAIL FROM:");
	put_path(t, request->sender, line);
	if (features & FEATURE_SIZE)
		buf_printf(line, " SIZE=%lld", request->data_size);
	if ((features & FEATURE_8BITMIME) && view_is(request->encoding, "8bit"))
		buf_puts(line, " BODY=8BITMIME");
	if ((features & FEATURE_SMTPUTF8) && needs_smtputf8(request))
		buf_puts(line, " SMTPUTF8");
	if (features & FEATURE_DSN)
		put_dsn_mail(line, request);
	if ((features & FEATURE_AUTH) && t->delivery->config->dummy_mail_auth)
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

/* orcpt-parameter = "ORCPT=" addr-type ";" xtext (RFC 3461, 4.2); stored decoded */
static void
put_orcpt(struct buf *line, struct view orcpt)
{
	struct view type, text;

	if (!view_split(orcpt, ';', &type, &text))
		return;
	buf_printf(line, " ORCPT=%.*s;", VIEW_ARG(type));
	if (view_is_nocase(type, "utf-8"))
		buf_putv(line, text);
	else
		xtext_encode(line, text, "");
}

static void
put_rcpt(struct transaction *t, size_t i, struct buf *line)
{
	const struct queue_recipient *recipient = &t->delivery->request->recipients[t->index[i]];

	buf_puts(line, "RCPT TO:");
	put_path(t, recipient->address, line);
	if (t->session->features & FEATURE_DSN) {
		put_notify(line, recipient->dsn_notify);
		put_orcpt(line, recipient->dsn_orcpt);
	}
}

/* Step 0 is MAIL, 1 to count are the RCPTs, the last is DATA. */
static void
send_step(struct transaction *t, size_t step)
{
	struct buf line = BUF_INIT;

	if (step == 0)
		put_mail(t, &line);
	else if (step <= t->count)
		put_rcpt(t, step - 1, &line);
	else
		buf_puts(&line, "DATA");
	session_command(t->session, "%s", buf_c(&line));
	t->unanswered += line.len + 2;
	buf_fini(&line);
}

/* -- replies ------------------------------------------------------------------------------------------------------------- */

static void
mail_reply(struct transaction *t, struct dsn *dsn)
{
	if (t->session->reply.code / 100 == 2)
		return;
	t->mail_refused = true;
	session_verdict(t->session, "MAIL FROM", dsn);
	fail(t, dsn);
}

static void
rcpt_reply(struct transaction *t, size_t i, struct dsn *dsn)
{
	if (t->mail_refused)
		return;
	if (t->session->reply.code / 100 == 2) {
		t->accepted[i] = true;
		t->accepted_count++;
		return;
	}
	session_verdict(t->session, "RCPT TO", dsn);
	settle_one(t, i, dsn);
}

static void
settle_accepted(struct transaction *t, const struct dsn *dsn)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->accepted[i])
			settle_one(t, i, dsn);
}

static void
data_reply(struct transaction *t, struct dsn *dsn)
{
	if (t->session->reply.code / 100 == 3) {
		t->data_go = true;
		return;
	}
	if (t->accepted_count == 0)
		return;
	session_verdict(t->session, "DATA", dsn);
	settle_accepted(t, dsn);
}

static bool
take_reply(struct transaction *t, size_t step, struct dsn *dsn)
{
	const struct smtp_config *config = t->delivery->config;
	int timeout = step == 0 ? config->mail_timeout_sec : step <= t->count ? config->rcpt_timeout_sec
	    : config->data_init_timeout_sec;
	const char *doing = step == 0 ? "sending MAIL FROM" : step <= t->count ? "sending RCPT TO" : "sending DATA command";

	if (!session_reply(t->session, timeout, doing, dsn)) {
		fail(t, dsn);
		return false;
	}
	if (step == 0)
		mail_reply(t, dsn);
	else if (step <= t->count)
		rcpt_reply(t, step - 1, dsn);
	else
		data_reply(t, dsn);
	return true;
}

static bool
is_probe(const struct transaction *t)
{
	return (t->delivery->request->flags & DELIVERY_TRACE) != 0;
}

/* May this command go out before the replies to those before it came? */
static bool
may_send(const struct transaction *t, size_t step, size_t answered)
{
	if (step == answered)
		return step <= t->count || t->accepted_count > 0;	/* nobody to send to: no DATA */
	return (t->session->features & FEATURE_PIPELINING) != 0 && t->unanswered < PIPELINE_MAX;
}

/* MAIL, RCPT and, unless this is a probe, DATA. False when the connection was lost. */
static bool
envelope(struct transaction *t, struct dsn *dsn)
{
	size_t steps = t->count + (is_probe(t) ? 1 : 2), sent = 0;

	for (size_t answered = 0; answered < steps; answered++) {
		while (sent < steps && may_send(t, sent, answered) && !(t->mail_refused && sent == answered))
			send_step(t, sent++);
		if (sent == answered)
			return true;		/* refused: the rest was never sent */
		if (!take_reply(t, answered, dsn))
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
		if (!have || t->session->lmtp) {
			if (!session_reply(t->session, t->delivery->config->data_done_timeout_sec, doing, dsn)) {
				settle_accepted(t, dsn);
				return;
			}
			session_verdict(t->session, "end of DATA", dsn);
			have = true;
		}
		settle_one(t, i, dsn);
	}
}

static void
content(struct transaction *t, struct dsn *dsn)
{
	const struct smtp_config *config = t->delivery->config;
	const struct delivery_request *request = t->delivery->request;
	enum stream_result result;
	enum content_result sent;

	stream_set_timeout(t->session->stream, (msec_t)config->data_xfer_timeout_sec * 1000);
	sent = content_send(t->session->stream, request->fd, request->data_offset, (size_t)config->line_length_limit, &result);
	stream_set_timeout(t->session->stream, 0);
	if (sent == CONTENT_SENT) {
		final_replies(t, dsn);
		return;
	}
	t->session->broken = true;	/* never a final dot behind half a message */
	if (sent == CONTENT_CORRUPT) {
		queue_mark_corrupt(request->fd);
		dsn_set(dsn, "4.3.0", "message content is damaged");
		t->delivery->final_host = true;
	} else {
		session_lost(t->session, result, "sending message body", dsn);
	}
	settle_accepted(t, dsn);
}

/* A server that says 354 although it refused everybody gets an empty message. */
static void
no_content(struct transaction *t, struct dsn *dsn)
{
	stream_puts(t->session->stream, ".\r\n");
	session_reply(t->session, t->delivery->config->data_done_timeout_sec, "sending end of data", dsn);
}

static void
reset(struct transaction *t, struct dsn *dsn)
{
	session_command(t->session, "RSET");
	if (!session_reply(t->session, t->delivery->config->rset_timeout_sec, "sending RSET", dsn))
		return;
	if (t->session->reply.code / 100 != 2)
		t->session->broken = true;
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

/* A probe asks, and sends nothing: what RCPT said is the verdict. */
static void
probe(struct transaction *t, struct dsn *dsn)
{
	dsn_set(dsn, "2.1.5", "recipient accepted");
	settle_accepted(t, dsn);
	if (!t->session->broken)
		reset(t, dsn);
}

static void
run(struct transaction *t, struct dsn *dsn)
{
	if (unfit(t, dsn)) {
		fail(t, dsn);
		return;
	}
	if (!envelope(t, dsn))
		return;
	if (is_probe(t)) {
		probe(t, dsn);
		return;
	}
	if (t->data_go && t->accepted_count > 0)
		content(t, dsn);
	else if (t->data_go)
		no_content(t, dsn);
	else if (!t->session->broken)
		reset(t, dsn);
}

void
transaction_run(struct delivery *delivery)
{
	struct transaction t = { .delivery = delivery, .session = delivery->session };
	struct arena arena = ARENA_INIT;
	struct dsn dsn;

	dsn_init(&dsn);
	t.index = arena_alloc_array(&arena, delivery->left, sizeof(*t.index));
	t.accepted = arena_alloc_array(&arena, delivery->left, sizeof(*t.accepted));
	for (size_t i = 0; i < delivery->request->recipient_count; i++)
		if (!delivery->settled[i])
			t.index[t.count++] = i;
	delivery->session->uses++;
	delivery->request->connection_use = delivery->session->uses;
	run(&t, &dsn);
	delivery->session->idle_since = clock_now();
	dsn_fini(&dsn);
	arena_fini(&arena);
}

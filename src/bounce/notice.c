/* notice: who is told what, and the envelope that carries it. */
#include "bounce/bounce.h"
#include "global/address/address.h"
#include "global/address/verp.h"
#include "global/maillog/maillog.h"
#include "util/log/log.h"

/* What the log calls a notice of each kind. */
static const char *const names[] = {
	[TEMPLATE_FAILURE] = "non-delivery notification", [TEMPLATE_DELAY] = "delay notification",
	[TEMPLATE_SUCCESS] = "delivery status notification", [TEMPLATE_VERIFY] = "delivery status notification",
};

static bool
has_class(const struct bounce_config *config, const char *class)
{
	struct view rest = view_string(config->notify_classes), word;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_is_nocase(word, class))
			return true;
	return false;
}

/* Of notices to the postmaster: of this very host, so that no other one takes them for its own. */
static struct view
double_bounce(struct bounce_case *c)
{
	const struct bounce_config *config = c->bounce->config;

	if (strchr(config->double_bounce_sender, '@') != NULL)
		return view_string(config->double_bounce_sender);
	return arena_printf(&c->arena, "%s@%s", config->double_bounce_sender, config->myhostname);
}

static bool
lists_anybody(struct bounce_case *c, const struct notice *notice)
{
	struct entries entries;

	entries_begin(&entries, c, notice);
	return entries_next(&entries) != NULL || (c->log == NULL && c->single == NULL);
}

/* -- one message --------------------------------------------------------------------------------------------------- */

static void
put_envelope(struct bounce_case *c, const struct notice *notice)
{
	struct cleanup_client *cleanup = c->bounce->cleanup;
	struct timeval now = clock_wall();

	cleanup_printf(cleanup, RECORD_TIME, "%lld %lld", (long long)now.tv_sec, (long long)now.tv_usec);
	cleanup_put(cleanup, RECORD_ATTRIBUTE, VIEW("rewrite_context=local"));
	cleanup_put(cleanup, RECORD_SENDER, notice->from);
	if (!view_empty(report_encoding(c)))
		cleanup_printf(cleanup, RECORD_ATTRIBUTE, "encoding=%.*s", VIEW_ARG(report_encoding(c)));
	cleanup_put(cleanup, RECORD_ATTRIBUTE, VIEW("log_message_origin=local"));
	cleanup_put(cleanup, RECORD_RECIPIENT, notice->to);
	cleanup_put(cleanup, RECORD_CONTENT, VIEW_EMPTY);
}

static void
log_failed(struct bounce_case *c, const struct notice *notice, const char *reason)
{
	struct buf to = BUF_INIT;

	maillog_address(&to, notice->to);
	log_warn("%.*s: %s notification failed to %s%s%s", VIEW_ARG(c->request->queue_id),
	    notice->postmaster ? "postmaster" : "sender", buf_c(&to), *reason != '\0' ? ": " : "", reason);
	buf_fini(&to);
}

/* The line with the new id comes before anything else is said about that id (BN5). */
static bool
compose(struct bounce_case *c, const struct notice *notice, struct buf *why)
{
	struct cleanup_client *cleanup = c->bounce->cleanup;
	struct view id;
	unsigned status;

	put_envelope(c, notice);
	id = arena_view(&c->arena, cleanup_id(cleanup));
	if (!view_empty(id)) {
		log_info("%.*s: %s %s: %.*s", VIEW_ARG(c->request->queue_id), notice->postmaster ? "postmaster" : "sender",
		    names[c->kind], VIEW_ARG(id));
		report_write(c, notice, id);
	}
	if (case_unreadable(c)) {
		cleanup_abort(cleanup);
		why_set(why, "cannot read what to tell");
		return false;
	}
	cleanup_put(cleanup, RECORD_EXTRACTED, VIEW_EMPTY);
	cleanup_put(cleanup, RECORD_END, VIEW_EMPTY);
	status = cleanup_finish(cleanup, why);
	if (status != CLEANUP_OK && why->len == 0)
		why_set(why, "%s", cleanup_reply(status)->text);
	return status == CLEANUP_OK;
}

static bool
send_notice(struct bounce_case *c, const struct notice *notice)
{
	unsigned utf8 = c->request->options & QUEUE_OPTION_SMTPUTF8_REQUESTED ? CLEANUP_SMTPUTF8 : 0;
	struct buf why = BUF_INIT;
	bool ok;

	if (!lists_anybody(c, notice))
		return true;
	ok = cleanup_open(c->bounce->cleanup, c->bounce->cleanup_flags | utf8, &why) && compose(c, notice, &why);
	if (!ok)
		log_failed(c, notice, buf_c(&why));
	buf_fini(&why);
	return ok;
}

/* -- who ----------------------------------------------------------------------------------------------------------- */

/* RET=HDRS, a message too large, and one that must not leave without TLS come back as header only. */
static enum notice_original
original_for_sender(const struct bounce_case *c)
{
	bool small = c->envelope.size.logical_size <= c->bounce->config->size_limit;

	if (c->kind != TEMPLATE_FAILURE || c->request->ret == DSN_RET_HDRS || !small ||
	    (c->request->options & QUEUE_OPTION_REQUIRETLS))
		return ORIGINAL_HEADERS;
	return ORIGINAL_FULL;
}

static bool
tell_postmaster(struct bounce_case *c, const char *recipient, enum notice_original original)
{
	struct notice notice = {
		.from = double_bounce(c), .to = view_string(recipient),		/* completed by cleanup */
		.postmaster = true, .original = original,
	};

	return send_notice(c, &notice);
}

/* BN7: the recipient as the sender wrote it. */
static bool
tell_sender_of(struct bounce_case *c, const struct bounce_log_entry *entry)
{
	struct view address = view_empty(entry->original) ? entry->recipient : entry->original;
	struct notice notice = { .original = original_for_sender(c), .only = entry };
	struct buf to = BUF_INIT;
	bool ok;

	verp_put(&to, c->request->sender, address, c->request->verp);
	notice.to = buf_view(&to);
	ok = send_notice(c, &notice);
	buf_fini(&to);
	return ok;
}

static bool
tell_sender_each(struct bounce_case *c)
{
	struct notice all = { .to = c->request->sender };
	const struct bounce_log_entry *entry;
	struct entries entries;
	bool ok = true;

	for (entries_begin(&entries, c, &all); ok && (entry = entries_next(&entries)) != NULL;)
		ok = tell_sender_of(c, entry);
	return ok;
}

static bool
tell_sender(struct bounce_case *c)
{
	struct notice notice = { .to = c->request->sender, .original = original_for_sender(c) };

	if (c->kind == TEMPLATE_FAILURE && !view_empty(c->request->verp))
		return tell_sender_each(c);
	return send_notice(c, &notice);
}

/* Who asked for a report has no address: the postmaster gets what he would have got. */
static bool
report_to_postmaster(struct bounce_case *c)
{
	struct notice notice = {
		.from = double_bounce(c), .to = view_string(c->bounce->config->double_bounce_recipient), .original = ORIGINAL_HEADERS,
	};

	return send_notice(c, &notice);
}

/* A notice that cannot be delivered has nobody to go back to but the postmaster. */
static bool
tell_about_null_sender(struct bounce_case *c)
{
	const struct bounce_config *config = c->bounce->config;

	if (c->kind == TEMPLATE_DELAY)
		return !has_class(config, "delay") || tell_postmaster(c, config->delay_recipient, ORIGINAL_FULL);
	if (c->kind != TEMPLATE_FAILURE)
		return !has_class(config, "2bounce") || report_to_postmaster(c);
	if (has_class(config, "2bounce") || has_class(config, "bounce"))
		return tell_postmaster(c, config->double_bounce_recipient, ORIGINAL_FULL);
	return true;
}

/* The sender was told, and must not be told again: a copy that fails is only logged. */
static void
copy_postmaster(struct bounce_case *c)
{
	const struct bounce_config *config = c->bounce->config;

	if (c->kind == TEMPLATE_FAILURE && has_class(config, "bounce"))
		tell_postmaster(c, config->bounce_recipient, ORIGINAL_HEADERS);
	if (c->kind == TEMPLATE_DELAY && has_class(config, "delay"))
		tell_postmaster(c, config->delay_recipient, ORIGINAL_HEADERS);
}

bool
notice_send_all(struct bounce_case *c)
{
	if (view_equal_nocase(c->request->sender, double_bounce(c))) {	/* BN2 */
		log_warn("%.*s: undeliverable postmaster notification discarded", VIEW_ARG(c->request->queue_id));
		return true;
	}
	if (view_empty(c->request->sender))
		return tell_about_null_sender(c);	/* BN1 */
	if (!tell_sender(c))
		return false;
	copy_postmaster(c);
	return true;
}

#include "verify/probe.h"

#include "global/address/address.h"
#include "global/message/date.h"
#include "global/queue/envelope.h"
#include "util/log/log.h"

/* No BCC, and no header checks: this never becomes mail. */
enum { PROBE_FLAGS = CLEANUP_MAP_CANONICAL | CLEANUP_MAP_VIRTUAL };

/* The original recipient is what the verdict will be stored under, whatever aliases make of it (QM16). */
static void
put_envelope(struct cleanup_client *cleanup, struct view sender, struct view address)
{
	struct timeval now = clock_wall();

	cleanup_printf(cleanup, RECORD_TIME, "%lld %lld", (long long)now.tv_sec, (long long)now.tv_usec);
	cleanup_put(cleanup, RECORD_ATTRIBUTE, VIEW("rewrite_context=local"));
	cleanup_printf(cleanup, RECORD_ATTRIBUTE, "trace_flags=%d", TRACE_PROBE);
	cleanup_put(cleanup, RECORD_SENDER, sender);
	cleanup_put(cleanup, RECORD_ATTRIBUTE, VIEW("log_message_origin=local"));
	cleanup_put(cleanup, RECORD_ORIGINAL, address);
	cleanup_put(cleanup, RECORD_RECIPIENT, address);
	cleanup_put(cleanup, RECORD_CONTENT, VIEW_EMPTY);
}

static void
put_header(struct cleanup_client *cleanup, const struct probe_settings *settings, struct view sender, struct view address)
{
	struct buf from = BUF_INIT, to = BUF_INIT, date = BUF_INIT;

	address_quote(&from, sender);
	address_quote(&to, address);
	date_put(&date, clock_wall().tv_sec);
	cleanup_printf(cleanup, RECORD_LINE, "Received: by %s (%s);", settings->myhostname, settings->mail_name);
	cleanup_printf(cleanup, RECORD_LINE, "\t%s", buf_c(&date));
	cleanup_printf(cleanup, RECORD_LINE, "Date: %s", buf_c(&date));
	cleanup_printf(cleanup, RECORD_LINE, "From: Mail Delivery System <%s>", buf_c(&from));
	cleanup_printf(cleanup, RECORD_LINE, "To: %s", buf_c(&to));
	cleanup_put(cleanup, RECORD_LINE, VIEW("Subject: Mail Delivery Status Report"));
	buf_fini(&from);
	buf_fini(&to);
	buf_fini(&date);
}

static bool
compose(const struct probe_settings *settings, struct cleanup_client *cleanup, struct view address, struct buf *why)
{
	struct buf sender = BUF_INIT;
	unsigned status, utf8 = cleanup_utf8_flags(settings->utf8, settings->utf8_classes, "verify");

	if (!cleanup_open(cleanup, PROBE_FLAGS | utf8, why))
		return false;
	verify_sender_put(&settings->sender, clock_wall().tv_sec, &sender);
	put_envelope(cleanup, buf_view(&sender), address);
	put_header(cleanup, settings, buf_view(&sender), address);
	cleanup_put(cleanup, RECORD_EXTRACTED, VIEW_EMPTY);
	cleanup_put(cleanup, RECORD_END, VIEW_EMPTY);
	status = cleanup_finish(cleanup, why);
	if (status != CLEANUP_OK && why->len == 0)
		why_set(why, "%s", cleanup_reply(status)->text);
	buf_fini(&sender);
	return status == CLEANUP_OK;
}

bool
probe_send(const struct probe_settings *settings, struct cleanup_client *cleanup, struct view address, struct buf *told)
{
	bool sent = compose(settings, cleanup, address, told);

	if (!sent)
		log_warn("cannot send a probe to %.*s: %s", VIEW_ARG(address), buf_c(told));
	return sent;
}

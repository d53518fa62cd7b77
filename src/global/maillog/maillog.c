#include "global/maillog/maillog.h"

#include "global/address/address.h"
#include "util/log/log.h"
#include "util/text/buf.h"

enum { RESOLUTION_MAX = 6 };

/* Settings of the process as the log itself is. */
static struct {
	int resolution;			/* of delays: digits behind the point */
	bool internal_form;		/* of addresses */
} form = { .resolution = 2 };

void
maillog_set_resolution(int digits)
{
	form.resolution = digits < 0 ? 0 : digits > RESOLUTION_MAX ? RESOLUTION_MAX : digits;
}

void
maillog_show_internal(bool internal)
{
	form.internal_form = internal;
}

static struct view
or_unknown(struct view text)
{
	return view_empty(text) ? VIEW("unknown") : text;
}

void
maillog_peer(struct buf *out, struct view name, struct view address)
{
	name = or_unknown(name);
	address = or_unknown(address);
	buf_printf(out, "%.*s[%.*s]", VIEW_ARG(name), VIEW_ARG(address));
}

void
maillog_address(struct buf *out, struct view internal)
{
	buf_putc(out, '<');
	if (form.internal_form)
		buf_putv(out, internal);
	else if (!view_empty(internal))
		address_quote(out, internal);
	buf_putc(out, '>');
}

/* Decimals that leave two significant digits, but never more than the limit. */
static int
decimals(double seconds, int digits)
{
	int wanted = 1;

	if (seconds >= 9.95)
		return 0;
	for (double unit = 1; seconds < unit && wanted < digits; unit /= 10)
		wanted++;
	return wanted < digits ? wanted : digits;
}

void
maillog_delay(struct buf *out, double seconds, int digits)
{
	struct buf number = BUF_INIT;
	int places = seconds > 0 ? decimals(seconds, digits) : 0;

	buf_printf(&number, "%.*f", places, seconds > 0 ? seconds : 0);
	while (places > 0 && number.data[number.len - 1] == '0') {
		buf_truncate(&number, number.len - 1);
		places--;
	}
	if (number.data[number.len - 1] == '.')
		buf_truncate(&number, number.len - 1);
	buf_putv(out, buf_view(&number));
	buf_fini(&number);
}

static bool
is_set(struct timeval t)
{
	return t.tv_sec != 0 || t.tv_usec != 0;
}

static double
between(struct timeval from, struct timeval to)
{
	if (!is_set(from) || !is_set(to))
		return 0;
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_usec - from.tv_usec) / 1e6;
}

static void
put_delays(struct buf *out, const struct maillog_delivery *line)
{
	struct timeval queued = is_set(line->queued) ? line->queued : line->done;
	struct timeval handoff = is_set(line->agent_handoff) ? line->agent_handoff : line->done;
	struct timeval connected = is_set(line->connected) ? line->connected : handoff;
	double parts[] = {
		between(line->arrival, queued), between(queued, handoff),
		between(handoff, connected), between(connected, line->done),
	};

	buf_puts(out, ", delay=");
	maillog_delay(out, between(line->arrival, line->done), form.resolution);
	buf_puts(out, ", delays=");
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		if (i > 0)
			buf_putc(out, '/');
		maillog_delay(out, parts[i], form.resolution);
	}
}

static void
put_recipient(struct buf *out, const struct maillog_delivery *line)
{
	buf_puts(out, "to=");
	maillog_address(out, line->recipient);
	if (!view_empty(line->original) && !view_equal_nocase(line->original, line->recipient)) {
		buf_puts(out, ", orig_to=");
		maillog_address(out, line->original);
	}
}

void
maillog_delivery(const struct maillog_delivery *line)
{
	struct buf text = BUF_INIT;

	put_recipient(&text, line);
	buf_printf(&text, ", relay=%s", line->relay != NULL && line->relay[0] != '\0' ? line->relay : "none");
	if (line->connection_use > 1)
		buf_printf(&text, ", conn_use=%d", line->connection_use);
	put_delays(&text, line);
	if (line->tls != NULL && line->tls[0] != '\0')
		buf_printf(&text, ", tls=%s", line->tls);
	log_info("%.*s: %s, dsn=%s, status=%s (%.*s)", VIEW_ARG(line->queue_id), buf_c(&text), line->dsn,
	    line->status, VIEW_ARG(line->text));
	buf_fini(&text);
}

void
maillog_queue_active(struct view queue_id, struct view sender, long long size, size_t recipients)
{
	struct buf from = BUF_INIT;

	maillog_address(&from, sender);
	log_info("%.*s: from=%s, size=%lld, nrcpt=%zu (queue active)", VIEW_ARG(queue_id), buf_c(&from), size,
	    recipients);
	buf_fini(&from);
}

void
maillog_removed(struct view queue_id)
{
	log_info("%.*s: removed", VIEW_ARG(queue_id));
}

void
maillog_expired(struct view queue_id, struct view sender, bool forced)
{
	struct buf from = BUF_INIT;

	maillog_address(&from, sender);
	log_info("%.*s: from=%s, status=%s, returned to sender", VIEW_ARG(queue_id), buf_c(&from),
	    forced ? "force-expired" : "expired");
	buf_fini(&from);
}

void
maillog_message_id(struct view queue_id, struct view message_id, bool resent)
{
	struct view shown = view_empty(message_id) ? VIEW("<>") : message_id;

	log_info("%.*s: %smessage-id=%.*s", VIEW_ARG(queue_id), resent ? "resent-" : "", VIEW_ARG(shown));
}

static void
put_login(struct buf *out, const char *separator, const struct maillog_login *login)
{
	const struct {
		const char *name;
		struct view value;
	} parts[] = {
		{ "sasl_method", login->method }, { "sasl_username", login->username }, { "sasl_sender", login->sender },
	};

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		if (!view_empty(parts[i].value))
			buf_printf(out, "%s%s=%.*s", separator, parts[i].name, VIEW_ARG(parts[i].value));
	}
}

/* QID: client=name[addr], sasl_method=…, orig_queue_id=…, orig_client=name[addr] */
void
maillog_client(const struct maillog_client *line)
{
	struct buf text = BUF_INIT;

	put_login(&text, ", ", &line->login);
	if (!view_empty(line->original_id))
		buf_printf(&text, ", orig_queue_id=%.*s", VIEW_ARG(line->original_id));
	if (!view_empty(line->original_namaddr))
		buf_printf(&text, ", orig_client=%.*s", VIEW_ARG(line->original_namaddr));
	log_info("%.*s: client=%.*s%s", VIEW_ARG(line->queue_id), VIEW_ARG(line->namaddr), buf_c(&text));
	buf_fini(&text);
}

/* QID: reject: RCPT from name[addr]: text; from=<…> to=<…> proto=ESMTP helo=<…> sasl_username=… */
void
maillog_smtp_event(const struct maillog_smtp_event *line)
{
	struct view id = view_empty(line->queue_id) ? VIEW("NOQUEUE") : line->queue_id;
	struct buf text = BUF_INIT;

	buf_printf(&text, "%.*s: %s: %s from %.*s: %.*s;", VIEW_ARG(id), line->action, line->stage, VIEW_ARG(line->namaddr),
	    VIEW_ARG(line->text));
	if (line->has_sender) {
		buf_puts(&text, " from=");
		maillog_address(&text, line->sender);
	}
	if (line->has_recipient) {
		buf_puts(&text, " to=");
		maillog_address(&text, line->recipient);
	}
	buf_printf(&text, " proto=%s", line->protocol);
	if (line->has_helo)
		buf_printf(&text, " helo=<%.*s>", VIEW_ARG(line->helo));
	put_login(&text, " ", &line->login);
	log_info("%s", buf_c(&text));
	buf_fini(&text);
}

/* proxy-reject: END-OF-MESSAGE: reply; from=<…> to=<…> proto=ESMTP helo=<…> sasl_username=<…> */
void
maillog_proxy(const struct maillog_proxy *line)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, "from=");
	maillog_address(&text, line->sender);
	if (line->has_recipient) {
		buf_puts(&text, " to=");
		maillog_address(&text, line->recipient);
	}
	buf_printf(&text, " proto=%s", line->protocol);
	if (!view_empty(line->helo))
		buf_printf(&text, " helo=<%.*s>", VIEW_ARG(line->helo));
	if (!view_empty(line->username))
		buf_printf(&text, " sasl_username=<%.*s>", VIEW_ARG(line->username));
	log_info("%s: %s: %.*s; %s", line->accepted ? "proxy-accept" : "proxy-reject", line->stage, VIEW_ARG(line->reply),
	    buf_c(&text));
	buf_fini(&text);
}

/*
 * report: a notice as a multipart/report (RFC 6522): a text for people, a delivery status for programs (RFC 3464), and
 * the message it is about, whole or its header.
 */
#include "bounce/bounce.h"
#include "global/address/address.h"
#include "global/message/date.h"

enum { WRAP_COLUMNS = 79, INDENT = 4 };

static void	line(struct bounce_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
line(struct bounce_case *c, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	cleanup_put(c->bounce->cleanup, RECORD_LINE, buf_view(&text));
	buf_fini(&text);
}

/* An address as it is written in text; valid as long as the entry. */
static const char *
shown(struct bounce_case *c, struct view internal)
{
	struct buf quoted = BUF_INIT;
	const char *copy;

	address_quote(&quoted, internal);
	copy = arena_string(&c->scratch, buf_view(&quoted));
	buf_fini(&quoted);
	return copy;
}

/* The sender asked for SMTPUTF8: the report may speak it, too (RFC 6533). */
static bool
is_utf8(const struct bounce_case *c)
{
	return (c->request->options & QUEUE_OPTION_SMTPUTF8_REQUESTED) != 0;
}

/* "rfc822; user@example.org", or "utf-8; …" (RFC 6533, 3) */
static const char *
typed(struct bounce_case *c, struct view internal)
{
	const char *type = is_utf8(c) && !view_is_ascii(internal) ? "utf-8" : "rfc822";

	return arena_printf(&c->scratch, "%s; %s", type, shown(c, internal)).data;
}

/* The null sender has a name where an address must be. */
static struct view
sender_of(struct bounce_case *c)
{
	if (!view_empty(c->request->sender))
		return c->request->sender;
	return arena_printf(&c->scratch, "MAILER-DAEMON@%s", c->bounce->config->myhostname);
}

static const char *
date_of(struct bounce_case *c, time_t when)
{
	struct buf text = BUF_INIT;
	const char *copy;

	date_put(&text, when);
	copy = arena_string(&c->scratch, buf_view(&text));
	buf_fini(&text);
	return copy;
}

/* -- header -------------------------------------------------------------------------------------------------------- */

static void
write_references(struct bounce_case *c)
{
	struct view id = c->envelope.message_id;

	if (!c->bounce->config->threaded || view_empty(id) || view_find_any(id, "\r\n") != -1)
		return;
	line(c, "References: %.*s", VIEW_ARG(id));
	line(c, "In-Reply-To: %.*s", VIEW_ARG(id));
}

/* Where addresses may be UTF-8, so may be what is said about them. */
struct view
report_encoding(const struct bounce_case *c)
{
	return c->bounce->config->utf8 ? VIEW("8bit") : c->request->encoding;
}

static bool
is_8bit(const struct bounce_case *c)
{
	return view_is_nocase(report_encoding(c), "8bit");
}

/* Our own name is written as header_from_format says; what a file says stays; the domain is appended by cleanup. */
static void
write_from(struct bounce_case *c, const struct bounce_template *template)
{
	bool ours = view_is(template->from, BOUNCE_TEMPLATE_FROM);

	if (ours && strcmp(c->bounce->config->from_format, "obsolete") == 0)
		line(c, "From: MAILER-DAEMON (Mail Delivery System)");
	else
		line(c, "From: %.*s", VIEW_ARG(template->from));
}

static void
write_header(struct bounce_case *c, const struct notice *notice, struct view notice_id, const char *boundary)
{
	const struct bounce_template *template = &c->bounce->templates.list[c->kind];
	bool copy = notice->postmaster && template->postmaster_subject.len > 0;
	struct view subject = copy ? template->postmaster_subject : template->subject;

	cleanup_put_origin(c->bounce->cleanup, c->bounce->config->myhostname, c->bounce->config->mail_name, notice_id);
	write_from(c, template);
	line(c, "Subject: %.*s", VIEW_ARG(subject));
	line(c, "To: %s", shown(c, notice->to));
	write_references(c);
	if (c->request->options & QUEUE_OPTION_TLS_NOT_REQUIRED)
		line(c, "TLS-Required: no");
	line(c, "Auto-Submitted: %s", notice->postmaster ? "auto-generated" : "auto-replied");
	line(c, "MIME-Version: 1.0");
	line(c, "Content-Type: multipart/report; report-type=delivery-status;");
	line(c, "\tboundary=\"%s\"", boundary);
	if (!view_empty(report_encoding(c)))
		line(c, "Content-Transfer-Encoding: %.*s", VIEW_ARG(report_encoding(c)));
	line(c, "%s", "");
	line(c, "This is a MIME-encapsulated message.");
	line(c, "%s", "");
}

/* -- text for people ----------------------------------------------------------------------------------------------- */

/* Words are kept whole, and the blanks between them where no line ends; lines after the first are indented. */
static void
write_wrapped(struct bounce_case *c, struct view text)
{
	struct buf out = BUF_INIT;
	const char *end = text.data;
	struct view word;

	while (view_word(&text, " \t\r\n", &word)) {
		size_t blanks = (size_t)(word.data - end);

		if (out.len > INDENT && out.len + blanks + word.len > WRAP_COLUMNS) {
			cleanup_put(c->bounce->cleanup, RECORD_LINE, buf_view(&out));
			buf_reset(&out);
			blanks = INDENT;
		}
		buf_putn(&out, ' ', blanks);
		buf_putv(&out, word);
		end = word.data + word.len;
	}
	cleanup_put(c->bounce->cleanup, RECORD_LINE, buf_view(&out));
	buf_fini(&out);
}

static void
write_reason(struct bounce_case *c, const struct bounce_log_entry *entry)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "<%s>", shown(c, entry->recipient));
	if (!view_empty(entry->original) && !view_equal_nocase(entry->original, entry->recipient))
		buf_printf(&text, " (expanded from <%s>)", shown(c, entry->original));
	buf_printf(&text, ": %.*s", VIEW_ARG(entry->reason));
	line(c, "%s", "");
	write_wrapped(c, buf_view(&text));
	buf_fini(&text);
}

static void
write_introduction(struct bounce_case *c)
{
	struct view rest = buf_view(&c->bounce->texts[c->kind]), text;

	while (view_split(rest, '\n', &text, &rest))
		cleanup_put(c->bounce->cleanup, RECORD_LINE, text);
}

static void
write_text_part(struct bounce_case *c, const struct notice *notice, const char *boundary)
{
	struct view charset = c->bounce->templates.list[c->kind].charset;
	const struct bounce_log_entry *entry;
	struct entries entries;

	if (is_8bit(c) && view_is_nocase(charset, "us-ascii"))
		charset = VIEW("utf-8");
	line(c, "--%s", boundary);
	line(c, "Content-Description: Notification");
	line(c, "Content-Type: text/plain; charset=%.*s", VIEW_ARG(charset));
	if (!view_is_nocase(charset, "us-ascii"))
		line(c, "Content-Transfer-Encoding: 8bit");
	line(c, "%s", "");
	if (!notice->postmaster)
		write_introduction(c);
	if (c->log == NULL && c->single == NULL)
		line(c, "\t--- Delivery report unavailable ---");
	for (entries_begin(&entries, c, notice); (entry = entries_next(&entries)) != NULL;)
		write_reason(c, entry);
	line(c, "%s", "");
}

/* -- delivery status (RFC 3464, 2) --------------------------------------------------------------------------------- */

static void
write_message_fields(struct bounce_case *c)
{
	const char *name = c->bounce->config->mail_name;

	line(c, "Reporting-MTA: dns; %s", c->bounce->config->myhostname);
	if (!view_empty(c->request->envid))
		line(c, "Original-Envelope-Id: %.*s", VIEW_ARG(c->request->envid));
	line(c, "X-%s-Queue-ID: %.*s", name, VIEW_ARG(c->request->queue_id));
	line(c, "X-%s-Sender: %s", name, typed(c, sender_of(c)));
	if (c->envelope.have_time)
		line(c, "Arrival-Date: %s", date_of(c, c->envelope.arrival.tv_sec));
}

static void
write_diagnostics(struct bounce_case *c, const struct bounce_log_entry *entry)
{
	struct buf code = BUF_INIT;

	if (!view_empty(entry->mta_type) && !view_empty(entry->mta_name))
		line(c, "Remote-MTA: %.*s; %.*s", VIEW_ARG(entry->mta_type), VIEW_ARG(entry->mta_name));
	if (!view_empty(entry->diag_type) && !view_empty(entry->diag_text))
		buf_printf(&code, "Diagnostic-Code: %.*s; %.*s", VIEW_ARG(entry->diag_type), VIEW_ARG(entry->diag_text));
	else
		buf_printf(&code, "Diagnostic-Code: X-%s; %.*s", c->bounce->config->mail_name, VIEW_ARG(entry->reason));
	write_wrapped(c, buf_view(&code));
	buf_fini(&code);
}

static void
write_recipient_fields(struct bounce_case *c, const struct bounce_log_entry *entry)
{
	line(c, "%s", "");
	line(c, "Final-Recipient: %s", typed(c, entry->recipient));
	if (!view_empty(entry->dsn_orcpt))
		line(c, "Original-Recipient: %.*s", VIEW_ARG(entry->dsn_orcpt));
	else if (!view_empty(entry->original))
		line(c, "Original-Recipient: %s", typed(c, entry->original));
	if (c->kind == TEMPLATE_FAILURE)
		line(c, "Action: failed");
	else
		line(c, "Action: %.*s", VIEW_ARG(entry->action));
	line(c, "Status: %.*s", VIEW_ARG(entry->status));
	write_diagnostics(c, entry);
	if (c->kind == TEMPLATE_DELAY && c->envelope.have_time)
		line(c, "Will-Retry-Until: %s",
		    date_of(c, c->envelope.arrival.tv_sec + c->bounce->config->queue_lifetime_sec));
}

static void
write_status_part(struct bounce_case *c, const struct notice *notice, const char *boundary)
{
	const struct bounce_log_entry *entry;
	struct entries entries;

	line(c, "--%s", boundary);
	line(c, "Content-Description: Delivery report");
	line(c, "Content-Type: message/%sdelivery-status", is_utf8(c) ? "global-" : "");
	if (is_utf8(c))
		line(c, "Content-Transfer-Encoding: 8bit");
	line(c, "%s", "");
	write_message_fields(c);
	for (entries_begin(&entries, c, notice); (entry = entries_next(&entries)) != NULL;)
		write_recipient_fields(c, entry);
	line(c, "%s", "");
}

/* -- the message ---------------------------------------------------------------------------------------------------- */

/* The content as it is stored; only the header when that is asked for. */
static void
copy_content(struct bounce_case *c, bool headers_only)
{
	struct queue_reader *reader = queue_reader_new(c->fd);
	struct record record;
	enum queue_read result;
	bool line_start = true;

	queue_reader_seek(reader, c->envelope.size.data_offset);
	while ((result = queue_reader_next(reader, &record, NULL, NULL)) == QUEUE_READ_RECORD) {
		if (record.type != RECORD_LINE && record.type != RECORD_LONG && record.type != RECORD_PADDING)
			break;
		if (record.type == RECORD_PADDING)
			continue;
		if (headers_only && line_start && record.type == RECORD_LINE && record.data.len == 0)
			break;
		line_start = record.type == RECORD_LINE;
		cleanup_put(c->bounce->cleanup, record.type, record.data);
	}
	c->unreadable |= result == QUEUE_READ_ERROR;
	if (!line_start)
		line(c, "%s", "");
	queue_reader_free(reader);
}

static void
write_original_part(struct bounce_case *c, const struct notice *notice, const char *boundary)
{
	static const char *const types[2][2] = {
		{ "message/rfc822", "text/rfc822-headers" }, { "message/global", "message/global-headers" },
	};
	bool headers = notice->original == ORIGINAL_HEADERS;
	bool undelivered = c->kind == TEMPLATE_FAILURE || c->kind == TEMPLATE_DELAY;

	line(c, "--%s", boundary);
	line(c, "Content-Description: %s%s", undelivered ? "Undelivered Message" : "Message", headers ? " Headers" : "");
	line(c, "Content-Type: %s", types[is_utf8(c)][headers]);
	if (is_8bit(c))
		line(c, "Content-Transfer-Encoding: 8bit");
	line(c, "%s", "");
	line(c, "Return-Path: <%s>", shown(c, sender_of(c)));
	copy_content(c, headers);
	line(c, "%s", "");
}

void
report_write(struct bounce_case *c, const struct notice *notice, struct view notice_id)
{
	struct buf boundary = BUF_INIT;

	buf_printf(&boundary, "%.*s.%lld/%s", VIEW_ARG(notice_id), (long long)clock_wall().tv_sec,
	    c->bounce->config->myhostname);
	write_header(c, notice, notice_id, buf_c(&boundary));
	write_text_part(c, notice, buf_c(&boundary));
	write_status_part(c, notice, buf_c(&boundary));
	if (c->fd != -1 && c->envelope.complete)
		write_original_part(c, notice, buf_c(&boundary));
	line(c, "--%s--", buf_c(&boundary));
	buf_fini(&boundary);
}

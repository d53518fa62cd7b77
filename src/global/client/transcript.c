#include "global/client/transcript.h"

#include "global/client/cleanup.h"
#include "util/log/log.h"
#include "util/text/encode.h"

enum { TEXT_MAX = 64 * 1024 };

#define STRING(member, name)	BIND_STRING(struct transcript_config, member, name)

const struct binding transcript_bindings[] = {
	STRING(classes, "notify_classes"),
	STRING(error_recipient, "error_notice_recipient"),
	STRING(bounce_recipient, "bounce_notice_recipient"),
	STRING(sender, "double_bounce_sender"),
	STRING(myhostname, "myhostname"),
	STRING(mail_name, "mail_name"),
	STRING(filter_classes, "internal_mail_filter_classes"),
	STRING(cleanup_service, "cleanup_service_name"),
	STRING(utf8_classes, "smtputf8_autodetect_classes"),
	BIND_BOOL(struct transcript_config, utf8, "smtputf8_enable"),
	BIND_TIME(struct transcript_config, ipc_timeout_sec, "ipc_timeout"),
	BIND_END
};

/* -- what was said ------------------------------------------------------------------------------------------------------------ */

static bool
has_room(struct transcript *transcript, size_t len)
{
	transcript->cut = transcript->cut || transcript->text.len + len > TEXT_MAX;
	return !transcript->cut;
}

static void
put_line(struct transcript *transcript, const char *direction, struct view line)
{
	transcript->lines++;
	if (!has_room(transcript, line.len))
		return;
	buf_puts(&transcript->text, direction);
	printable_put(&transcript->text, line, '?', true);
	buf_putc(&transcript->text, '\n');
}

void
transcript_in(struct transcript *transcript, struct view line)
{
	put_line(transcript, " In:  ", line);
}

void
transcript_sent(struct transcript *transcript, struct view line)
{
	put_line(transcript, " Out: ", line);
}

void
transcript_heard(struct transcript *transcript, struct view lines)
{
	struct view line;

	while (view_split(lines, '\n', &line, &lines))
		put_line(transcript, " In:  ", line);
	put_line(transcript, " In:  ", lines);
}

void
transcript_out(struct transcript *transcript, int code, const char *dsn, struct view text)
{
	struct view line;
	bool more = has_room(transcript, text.len);

	transcript->lines++;
	while (more) {
		more = view_split(text, '\n', &line, &text);
		if (!more)
			line = text;
		buf_printf(&transcript->text, " Out: %d%c%s%s", code, more ? '-' : ' ', dsn, *dsn != '\0' ? " " : "");
		printable_put(&transcript->text, line, '?', true);
		buf_putc(&transcript->text, '\n');
	}
}

/*
 * Space and services are our resources; sizes, numbers and rights are policy (RFC 3463, 3). Who is unknown would have been
 * bounced later.
 */
void
transcript_refused(struct transcript *transcript, const char *dsn, struct view text)
{
	static const struct { const char *subject, *text; unsigned trouble; } classes[] = {
		{ ".3.4", "file too big", TROUBLE_BOUNCE }, { ".1.1", "User unknown", TROUBLE_BOUNCE },
		{ ".5.1", "no valid recipients", 0 },	/* a refusal before it said why */
		{ ".3.4", "", TROUBLE_POLICY }, { ".5.3", "", TROUBLE_POLICY }, { ".7.", "", TROUBLE_POLICY },
		{ ".1.", "", TROUBLE_POLICY }, { ".3.0", "lookup failure", TROUBLE_DATA }, { ".3.0", "data error", TROUBLE_DATA },
		{ ".3.5", "", TROUBLE_SOFTWARE }, { ".3.", "", TROUBLE_RESOURCE }, { "", "", TROUBLE_PROTOCOL },
	};
	struct view rest = view_string(dsn + strcspn(dsn, "."));
	size_t i = 0;

	while (!view_starts(rest, view_string(classes[i].subject)) || view_find_view(text, view_string(classes[i].text)) < 0)
		i++;
	transcript->troubles |= classes[i].trouble;
}

void
transcript_reset(struct transcript *transcript)
{
	buf_reset(&transcript->text);
	transcript->troubles = transcript->lines = 0;
	transcript->cut = false;
}

void
transcript_fini(struct transcript *transcript)
{
	buf_fini(&transcript->text);
}

/* -- who is told -------------------------------------------------------------------------------------------------------------- */

unsigned
transcript_classes(const char *notify_classes)
{
	static const struct { const char *name; unsigned bit; } names[] = {
		{ "protocol", TROUBLE_PROTOCOL }, { "policy", TROUBLE_POLICY }, { "resource", TROUBLE_RESOURCE },
		{ "software", TROUBLE_SOFTWARE }, { "data", TROUBLE_DATA }, { "bounce", TROUBLE_BOUNCE },
	};
	struct view rest = view_string(notify_classes), word;
	unsigned bits = 0;

	while (view_word(&rest, ", \t\r\n", &word))
		for (size_t i = 0; i < ARRAY_COUNT(names); i++)
			if (view_is_nocase(word, names[i].name))
				bits |= names[i].bit;
	return bits;
}

static void
put_sender(struct cleanup_client *cleanup, const struct transcript_config *config)
{
	bool complete = strchr(config->sender, '@') != NULL;

	cleanup_printf(cleanup, RECORD_SENDER, "%s%s%s", config->sender, complete ? "" : "@",
	    complete ? "" : config->myhostname);
}

static void
put_envelope(struct cleanup_client *cleanup, const struct transcript_config *config, const char *recipient)
{
	struct timeval now = clock_wall();

	cleanup_printf(cleanup, RECORD_TIME, "%lld %lld", (long long)now.tv_sec, (long long)now.tv_usec);
	cleanup_put(cleanup, RECORD_ATTRIBUTE, VIEW("rewrite_context=local"));
	put_sender(cleanup, config);
	cleanup_put(cleanup, RECORD_ATTRIBUTE, VIEW("log_message_origin=local"));
	cleanup_put(cleanup, RECORD_RECIPIENT, view_string(recipient));		/* completed by cleanup */
	cleanup_put(cleanup, RECORD_CONTENT, VIEW_EMPTY);
}

static void
put_lines(struct cleanup_client *cleanup, struct view text)
{
	ptrdiff_t at;

	while ((at = view_find(text, '\n')) >= 0) {
		cleanup_put(cleanup, RECORD_LINE, view_slice(text, 0, (size_t)at));
		text = view_slice(text, (size_t)at + 1, text.len);
	}
}

static void
put_content(struct cleanup_client *cleanup, const struct transcript *transcript, const struct transcript_config *config,
    const char *recipient, const char *what)
{
	cleanup_put_origin(cleanup, config->myhostname, config->mail_name, cleanup_id(cleanup));
	cleanup_printf(cleanup, RECORD_LINE, "From: Mail Delivery System <MAILER-DAEMON@%s>", config->myhostname);
	cleanup_printf(cleanup, RECORD_LINE, "To: Postmaster <%s>", recipient);
	cleanup_printf(cleanup, RECORD_LINE, "Subject: %s %s", config->mail_name, what);
	cleanup_put(cleanup, RECORD_LINE, VIEW_EMPTY);
	cleanup_put(cleanup, RECORD_LINE, VIEW("Transcript of session follows."));
	cleanup_put(cleanup, RECORD_LINE, VIEW_EMPTY);
	put_lines(cleanup, buf_view(&transcript->text));
	if (transcript->cut)
		cleanup_put(cleanup, RECORD_LINE, VIEW(" (what followed is left out)"));
	cleanup_put(cleanup, RECORD_LINE, VIEW_EMPTY);
	cleanup_put(cleanup, RECORD_LINE, VIEW_EMPTY);
	cleanup_put(cleanup, RECORD_LINE, VIEW("For other details, see the local mail logfile"));
	cleanup_put(cleanup, RECORD_EXTRACTED, VIEW_EMPTY);
	cleanup_put(cleanup, RECORD_END, VIEW_EMPTY);
}

static bool
compose(struct cleanup_client *cleanup, const struct transcript *transcript, const struct transcript_config *config,
    const char *what, struct buf *why)
{
	bool bounced = (transcript->troubles & TROUBLE_BOUNCE) != 0;
	const char *recipient = bounced ? config->bounce_recipient : config->error_recipient;
	unsigned status, utf8 = cleanup_utf8_flags(config->utf8, config->utf8_classes, "notify");

	if (!cleanup_open(cleanup, cleanup_notice_flags(config->filter_classes, "notify") | utf8, why))
		return false;
	put_envelope(cleanup, config, recipient);
	put_content(cleanup, transcript, config, recipient, what);
	status = cleanup_finish(cleanup, why);
	if (status != CLEANUP_OK && why->len == 0)
		why_set(why, "%s", cleanup_reply(status)->text);
	return status == CLEANUP_OK;
}

bool
transcript_send(const struct transcript *transcript, const struct transcript_config *config, const char *what)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct cleanup_client *cleanup;
	bool sent;

	if ((transcript->troubles & transcript_classes(config->classes)) == 0)
		return true;
	buf_printf(&path, "public/%s", config->cleanup_service);
	cleanup = cleanup_client_new(buf_c(&path), (msec_t)config->ipc_timeout_sec * 1000);
	sent = compose(cleanup, transcript, config, what, &why);
	if (!sent)
		log_warn("postmaster notify: %s", buf_c(&why));
	cleanup_client_free(cleanup);
	buf_fini(&path);
	buf_fini(&why);
	return sent;
}

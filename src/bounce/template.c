/* template: the built-in texts of notices. "$h" is the host, "$w" the time a message is tried for. */
#include "bounce/bounce.h"

static const struct template templates[] = {
	[NOTICE_FAILURE] = {
		"Undelivered Mail Returned to Sender", "Postmaster Copy: Undelivered Mail",
		"This is the mail system at host $h.\n"
		"\n"
		"Your message could not be delivered to the recipients below, and no\n"
		"further attempt will be made. It is attached.\n"
		"\n"
		"If you need help, please write to postmaster and include this report.\n"
	},
	[NOTICE_DELAY] = {
		"Delayed Mail (still being retried)", "Postmaster Warning: Delayed Mail",
		"This is the mail system at host $h.\n"
		"\n"
		"THIS IS ONLY A WARNING. THERE IS NO NEED TO SEND YOUR MESSAGE AGAIN.\n"
		"\n"
		"Your message has not yet reached the recipients below. It will be tried\n"
		"again until it is $w old.\n"
		"\n"
		"If you need help, please write to postmaster and include this report.\n"
	},
	[NOTICE_SUCCESS] = {
		"Successful Mail Delivery Report", NULL,
		"This is the mail system at host $h.\n"
		"\n"
		"Your message reached the destinations below. A destination that cannot\n"
		"report success may still return it later.\n"
	},
	[NOTICE_VERIFY] = {
		"Mail Delivery Status Report", NULL,
		"This is the mail system at host $h.\n"
		"\n"
		"Here is the delivery report that you asked for.\n"
	},
};

const struct template *
template_of(enum notice_kind kind)
{
	return &templates[kind];
}

static void
put_age(struct buf *out, int seconds)
{
	static const struct { int seconds; const char *name; } units[] = {
		{ 86400, "days" }, { 3600, "hours" }, { 60, "minutes" }, { 1, "seconds" },
	};
	size_t i = 0;

	while (i + 1 < ARRAY_COUNT(units) && (seconds % units[i].seconds != 0 || seconds < units[i].seconds))
		i++;
	buf_printf(out, "%d %s", seconds / units[i].seconds, units[i].name);
}

static void
expand(struct buf *out, struct view line, const struct bounce_config *config)
{
	struct cursor in = cursor_of(line);
	char byte;

	while (cursor_any(&in, &byte)) {
		if (byte == '$' && cursor_byte(&in, 'h'))
			buf_puts(out, config->myhostname);
		else if (byte == '$' && cursor_byte(&in, 'w'))
			put_age(out, config->queue_lifetime_sec);
		else
			buf_putc(out, byte);
	}
}

void
template_write(struct bounce_case *c, const struct template *template)
{
	struct view rest = view_string(template->text), line;
	struct buf text = BUF_INIT;

	while (view_split(rest, '\n', &line, &rest)) {
		buf_reset(&text);
		expand(&text, line, c->bounce->config);
		cleanup_put(c->bounce->cleanup, RECORD_LINE, buf_view(&text));
	}
	buf_fini(&text);
}

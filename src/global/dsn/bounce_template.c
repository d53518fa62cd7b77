#include "global/dsn/bounce_template.h"

#include "global/config/expand.h"
#include "util/log/log.h"
#include "util/text/cursor.h"

static const struct bounce_template built_in[] = {
	[TEMPLATE_FAILURE] = {
		"failure_template", VIEW_INIT("us-ascii"), VIEW_INIT(BOUNCE_TEMPLATE_FROM),
		VIEW_INIT("Undelivered Mail Returned to Sender"), VIEW_INIT("Postmaster Copy: Undelivered Mail"),
		VIEW_INIT("This is the mail system at host $myhostname.\n"
		    "\n"
		    "Your message could not be delivered to the recipients below, and no\n"
		    "further attempt will be made. It is attached.\n"
		    "\n"
		    "If you need help, please write to postmaster and include this report.\n")
	},
	[TEMPLATE_DELAY] = {
		"delay_template", VIEW_INIT("us-ascii"), VIEW_INIT(BOUNCE_TEMPLATE_FROM),
		VIEW_INIT("Delayed Mail (still being retried)"), VIEW_INIT("Postmaster Warning: Delayed Mail"),
		VIEW_INIT("This is the mail system at host $myhostname.\n"
		    "\n"
		    "THIS IS ONLY A WARNING. THERE IS NO NEED TO SEND YOUR MESSAGE AGAIN.\n"
		    "\n"
		    "Your message has not yet reached the recipients below. It will be tried\n"
		    "again until it is $maximal_queue_lifetime_days day(s) old.\n"
		    "\n"
		    "If you need help, please write to postmaster and include this report.\n")
	},
	[TEMPLATE_SUCCESS] = {
		"success_template", VIEW_INIT("us-ascii"), VIEW_INIT(BOUNCE_TEMPLATE_FROM),
		VIEW_INIT("Successful Mail Delivery Report"), VIEW_INIT(""),
		VIEW_INIT("This is the mail system at host $myhostname.\n"
		    "\n"
		    "Your message reached the destinations below. A destination that cannot\n"
		    "report success may still return it later.\n")
	},
	[TEMPLATE_VERIFY] = {
		"verify_template", VIEW_INIT("us-ascii"), VIEW_INIT(BOUNCE_TEMPLATE_FROM),
		VIEW_INIT("Mail Delivery Status Report"), VIEW_INIT(""),
		VIEW_INIT("This is the mail system at host $myhostname.\n"
		    "\n"
		    "Here is the delivery report that you asked for.\n")
	},
};

void
bounce_templates_init(struct bounce_templates *templates)
{
	*templates = (struct bounce_templates){ 0 };
	memcpy(templates->list, built_in, sizeof(built_in));
}

void
bounce_templates_fini(struct bounce_templates *templates)
{
	arena_fini(&templates->arena);
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

struct reading {
	const char *path;
	struct view rest;
	int line;
};

static bool
next_line(struct reading *r, struct view *line)
{
	if (r->rest.len == 0)
		return false;
	r->line++;
	if (!view_split(r->rest, '\n', line, &r->rest)) {
		*line = r->rest;
		r->rest = VIEW_EMPTY;
	}
	return true;
}

static bool
take_header(struct reading *r, struct view line, struct bounce_template *t)
{
	const struct {
		const char *name;
		struct view *value;
		bool allowed;
	} headers[] = {
		{ "Charset", &t->charset, true }, { "From", &t->from, true }, { "Subject", &t->subject, true },
		{ "Postmaster-Subject", &t->postmaster_subject, t->postmaster_subject.len > 0 },
	};
	struct view name, value;

	if (!view_split(line, ':', &name, &value)) {
		log_warn("%s, line %d: no header in %s: %.*s", r->path, r->line, t->name, VIEW_ARG(line));
		return false;
	}
	for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
		if (!view_is_nocase(view_trim(name), headers[i].name) || !headers[i].allowed)
			continue;
		*headers[i].value = view_trim(value);
		return headers[i].value->len > 0;
	}
	log_warn("%s, line %d: unknown header in %s: %.*s", r->path, r->line, t->name, VIEW_ARG(name));
	return false;
}

/* Header lines, an empty line, and the text. */
static bool
take_body(struct reading *r, struct view body, int first_line, struct bounce_template *t)
{
	struct reading inner = { r->path, body, first_line };
	struct view line;
	bool ok = true;

	while (next_line(&inner, &line) && view_trim(line).len > 0)
		ok = take_header(&inner, line, t) && ok;
	t->text = inner.rest;
	if (ok && t->text.len == 0) {
		log_warn("%s, line %d: %s has no text", r->path, first_line, t->name);
		ok = false;
	}
	if (ok && view_is_nocase(t->charset, "us-ascii") && !view_is_ascii(t->text)) {
		log_warn("%s, line %d: %s has other text than its charset, us-ascii", r->path, first_line, t->name);
		ok = false;
	}
	return ok;
}

/* Everything up to the line that is the end word; with its line ends. */
static bool
here_text(struct reading *r, struct view end, struct arena *arena, struct view *out)
{
	struct buf text = BUF_INIT;
	struct view line;
	bool ended = false;

	while (!ended && next_line(r, &line)) {
		ended = view_equal(line, end);
		if (!ended) {
			buf_putv(&text, line);
			buf_putc(&text, '\n');
		}
	}
	*out = arena_view(arena, buf_view(&text));
	buf_fini(&text);
	return ended;
}

static bool
take_template(struct reading *r, struct view name, struct view end, struct bounce_templates *templates)
{
	int first = r->line;
	struct view body;

	if (end.len == 0 || !here_text(r, end, &templates->arena, &body)) {
		log_warn("%s, line %d: no line \"%.*s\" ends the template", r->path, first, VIEW_ARG(end));
		return false;
	}
	for (size_t i = 0; i < TEMPLATE_COUNT; i++) {
		struct bounce_template fresh = built_in[i];

		if (!view_is(name, fresh.name))
			continue;
		if (!take_body(r, body, first, &fresh))
			return false;
		templates->list[i] = fresh;
		return true;
	}
	log_warn("%s, line %d: unknown template: %.*s", r->path, first, VIEW_ARG(name));
	return false;
}

bool
bounce_templates_parse(struct bounce_templates *templates, struct view file, const char *path)
{
	struct reading r = { .path = path, .rest = file };
	struct view line, name, value;
	bool ok = true;

	while (next_line(&r, &line)) {
		line = view_trim(line);
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (!view_split(line, '=', &name, &value) || !view_starts(view_trim(value), VIEW("<<"))) {
			log_warn("%s, line %d: expected \"name = <<word\": %.*s", path, r.line, VIEW_ARG(line));
			ok = false;
			continue;
		}
		value = view_trim(value);
		ok = take_template(&r, view_trim(name), view_trim(view_slice(value, 2, value.len)), templates) && ok;
	}
	return ok;
}

/* -- using --------------------------------------------------------------------------------------------------------- */

/* "maximal_queue_lifetime_days" → the parameter and how long a day is. */
static bool
time_name(struct view name, const char **parameter, int *unit)
{
	static const char *const parameters[] = { "delay_warning_time", "maximal_queue_lifetime" };
	static const struct {
		const char *suffix;
		int seconds;
	} units[] = {
		{ "_seconds", 1 }, { "_minutes", 60 }, { "_hours", 3600 }, { "_days", 86400 }, { "_weeks", 604800 },
	};

	for (size_t p = 0; p < ARRAY_COUNT(parameters); p++)
		for (size_t u = 0; view_starts(name, view_string(parameters[p])) && u < ARRAY_COUNT(units); u++)
			if (view_is(view_slice(name, strlen(parameters[p]), name.len), units[u].suffix)) {
				*parameter = parameters[p];
				*unit = units[u].seconds;
				return true;
			}
	return false;
}

static bool
name_value(void *arg, struct view name, struct buf *out, struct buf *why)
{
	struct arena arena = ARENA_INIT;
	const char *parameter = arena_string(&arena, name), *value = NULL;
	int seconds, unit;
	bool ok;

	if (time_name(name, &parameter, &unit)) {
		if ((ok = config_time(arg, parameter, &seconds, why)))
			buf_printf(out, "%d", seconds / unit);
	} else if ((ok = config_raw(arg, parameter) == NULL || (value = config_string(arg, parameter, why)) != NULL))
		buf_puts(out, value != NULL ? value : "");
	arena_fini(&arena);
	return ok;
}

static bool
name_has_text(void *arg, struct view name)
{
	struct buf value = BUF_INIT;
	bool has = name_value(arg, name, &value, NULL) && value.len > 0;

	buf_fini(&value);
	return has;
}

bool
bounce_template_expand(const struct bounce_template *template, struct config *config, struct buf *out, struct buf *why)
{
	struct expand_names names = { .value = name_value, .has_text = name_has_text, .arg = config };

	return expand_text(&names, template->text, out, why);
}

void
bounce_template_put(struct buf *out, const struct bounce_template *template, struct view text)
{
	buf_printf(out, "%s = <<EOF\n", template->name);
	buf_printf(out, "Charset: %.*s\n", VIEW_ARG(template->charset));
	buf_printf(out, "From: %.*s\n", VIEW_ARG(template->from));
	buf_printf(out, "Subject: %.*s\n", VIEW_ARG(template->subject));
	if (template->postmaster_subject.len > 0)
		buf_printf(out, "Postmaster-Subject: %.*s\n", VIEW_ARG(template->postmaster_subject));
	buf_putc(out, '\n');
	buf_putv(out, text);
	buf_puts(out, "EOF\n");
}

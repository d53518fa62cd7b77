/* result: what stands on the right side of an access table. */
#include "smtpd/access/internal.h"

#include "util/log/log.h"
#include "util/text/chars.h"

struct result {
	struct view text;		/* behind the keyword */
	enum subject subject;
	const char *table;
};

struct action {
	const char *name;
	enum outcome (*apply)(struct access_run *run, const struct action *action, const struct result *result);
	enum { TEXT_FREE, TEXT_NEEDED } text;
};

#define ACTION(name)	static enum outcome name(struct access_run *run, const struct action *action, const struct result *result)

static struct view
text_or(const struct result *result, const char *otherwise)
{
	return view_empty(result->text) ? view_string(otherwise) : result->text;
}

/* "X.Y.Z text", either part may be missing */
static enum outcome
refuse_result(struct access_run *run, int code, const char *dsn_default, const char *text_default, const struct result *result)
{
	char dsn[DSN_STATUS_SIZE];
	struct view text;

	if (dsn_split(result->text, dsn, &text)) {
		dsn[0] = (char)('0' + code / 100);
		subject_map_dsn(result->subject, dsn);
	} else {
		snprintf(dsn, sizeof(dsn), "%s", dsn_default);
		text = result->text;
	}
	if (view_empty(text))
		text = view_string(text_default);
	return refuse(run, code, dsn, "<%.*s>: %s rejected: %.*s", VIEW_ARG(subject_name(run, result->subject)),
	    subject_class(result->subject), VIEW_ARG(text));
}

ACTION(permit)
{
	return ACCESS_PERMIT;
}

ACTION(dunno)
{
	return ACCESS_NEXT;
}

ACTION(reject)
{
	return refuse_result(run, run->config->map_reject_code, "5.7.1", "Access denied", result);
}

ACTION(defer)
{
	return refuse_result(run, run->config->map_defer_code, "4.7.1", "Access denied", result);
}

static void
mark(struct access_run *run, struct access_mark *which, const struct result *result)
{
	char dsn[DSN_STATUS_SIZE] = "4.7.1";
	struct view text = result->text, line;

	if (dsn_split(result->text, dsn, &text))
		dsn[0] = '4';
	subject_map_dsn(result->subject, dsn);
	if (view_empty(text))
		text = VIEW("Service unavailable");
	line = arena_printf(run->arena, "<%.*s>: %s rejected: %.*s", VIEW_ARG(subject_name(run, result->subject)),
	    subject_class(result->subject), VIEW_ARG(text));
	set_mark(which, run->arena, run->config->map_defer_code, dsn, line);
}

ACTION(mark_if_permit)
{
	mark(run, &run->if_permit, result);
	return ACCESS_NEXT;
}

ACTION(mark_if_reject)
{
	mark(run, &run->if_reject, result);
	return ACCESS_NEXT;
}

/* -- what shall become of the message ----------------------------------------------------------------------------------- */

static void
log_action(struct access_run *run, const char *name, const struct result *result, const char *otherwise)
{
	struct view text = arena_printf(run->arena, "<%.*s>: %s %.*s", VIEW_ARG(subject_name(run, result->subject)),
	    subject_class(result->subject), VIEW_ARG(text_or(result, otherwise)));

	log_access(run, name, text);
}

ACTION(prepend);

static bool
has_message(struct access_run *run, const struct action *action, const struct result *result)
{
	if (run->facts->filtered && action->apply != prepend) {
		log_warn("access table %s: with smtpd_proxy_filter specified, action %s is unavailable", result->table,
		    action->name);
		return false;
	}
	if (run->facts->actions != NULL)
		return true;
	log_warn("access table %s: with %s specify %s later, when there is a message (smtpd_delay_reject = yes)",
	    result->table, subject_class(result->subject), action->name);
	return false;
}

static void
add_line(struct access_run *run, struct access_line **list, struct view text)
{
	struct access_line *line = arena_alloc(run->facts->arena, sizeof(*line));

	line->text = arena_view(run->facts->arena, text);
	while (*list != NULL)
		list = &(*list)->next;
	*list = line;
}

ACTION(hold)
{
	if (!has_message(run, action, result))
		return ACCESS_NEXT;
	log_action(run, "hold", result, "triggers HOLD action");
	run->facts->actions->hold = true;
	return ACCESS_NEXT;
}

/* Whatever else would be said: the message is accepted and vanishes. */
ACTION(discard)
{
	if (!has_message(run, action, result))
		return ACCESS_NEXT;
	log_action(run, "discard", result, "triggers DISCARD action");
	run->facts->actions->discard = true;
	return ACCESS_PERMIT;
}

ACTION(filter)
{
	if (!has_message(run, action, result))
		return ACCESS_NEXT;
	if (view_find(result->text, ':') <= 0) {
		log_warn("access table %s entry FILTER %.*s: transport:destination is needed", result->table,
		    VIEW_ARG(result->text));
		return ACCESS_NEXT;
	}
	log_access(run, "filter", arena_printf(run->arena, "<%.*s>: %s triggers FILTER %.*s",
	    VIEW_ARG(subject_name(run, result->subject)), subject_class(result->subject), VIEW_ARG(result->text)));
	run->facts->actions->filter = arena_view(run->facts->arena, result->text);
	return ACCESS_NEXT;
}

static bool
is_mailbox(const struct result *result, const struct action *action)
{
	if (view_find(result->text, '@') > 0 && view_find_any(result->text, " \t") < 0)
		return true;
	log_warn("access table %s entry %s %.*s: user@domain is needed", result->table, action->name, VIEW_ARG(result->text));
	return false;
}

ACTION(redirect)
{
	if (!has_message(run, action, result) || !is_mailbox(result, action))
		return ACCESS_NEXT;
	log_access(run, "redirect", arena_printf(run->arena, "<%.*s>: %s triggers REDIRECT %.*s",
	    VIEW_ARG(subject_name(run, result->subject)), subject_class(result->subject), VIEW_ARG(result->text)));
	run->facts->actions->redirect = arena_view(run->facts->arena, result->text);
	return ACCESS_NEXT;
}

ACTION(bcc)
{
	if (!has_message(run, action, result) || !is_mailbox(result, action))
		return ACCESS_NEXT;
	log_access(run, "bcc", arena_printf(run->arena, "<%.*s>: %s triggers BCC %.*s",
	    VIEW_ARG(subject_name(run, result->subject)), subject_class(result->subject), VIEW_ARG(result->text)));
	add_line(run, &run->facts->actions->bcc, result->text);
	return ACCESS_NEXT;
}

ACTION(prepend)
{
	ptrdiff_t colon = view_find(result->text, ':');

	if (!has_message(run, action, result))
		return ACCESS_NEXT;
	if (run->subject == SUBJECT_END_OF_DATA || colon <= 0
	    || view_find_any(view_slice(result->text, 0, (size_t)colon), " \t") >= 0) {
		log_warn("access table %s entry PREPEND %.*s: a header is needed, and before the end of data", result->table,
		    VIEW_ARG(result->text));
		return ACCESS_NEXT;
	}
	add_line(run, &run->facts->actions->prepend, result->text);
	return ACCESS_NEXT;
}

ACTION(warn)
{
	log_action(run, "warn", result, "");
	return ACCESS_NEXT;
}

ACTION(info)
{
	log_action(run, "info", result, "");
	return ACCESS_NEXT;
}

static const struct action actions[] = {
	{ "OK",			permit,		TEXT_FREE },
	{ "RELAY",		permit,		TEXT_FREE },
	{ "DUNNO",		dunno,		TEXT_FREE },
	{ "REJECT",		reject,		TEXT_FREE },
	{ "DEFER",		defer,		TEXT_FREE },
	{ "DEFER_IF_PERMIT",	mark_if_permit,	TEXT_FREE },
	{ "DEFER_IF_REJECT",	mark_if_reject,	TEXT_FREE },
	{ "HOLD",		hold,		TEXT_FREE },
	{ "DISCARD",		discard,	TEXT_FREE },
	{ "FILTER",		filter,		TEXT_NEEDED },
	{ "REDIRECT",		redirect,	TEXT_NEEDED },
	{ "BCC",		bcc,		TEXT_NEEDED },
	{ "PREPEND",		prepend,	TEXT_NEEDED },
	{ "WARN",		warn,		TEXT_FREE },
	{ "INFO",		info,		TEXT_FREE },
};

/* 4NN text, 5NN text; other numbers permit */
static enum outcome
numeric(struct access_run *run, struct view word, const struct result *result)
{
	unsigned long long code;

	if (word.len == 3 && (word.data[0] == '4' || word.data[0] == '5') && view_number(word, &code))
		return refuse_result(run, (int)code, word.data[0] == '4' ? "4.7.1" : "5.7.1", "Access denied", result);
	return ACCESS_PERMIT;
}

/* A list of restrictions: only such tables as are open already. */
static enum outcome
restrictions(struct access_run *run, struct view value, const struct result *result)
{
	struct rule_list list;

	compile_list(run->access, run->arena, result->table, arena_view(run->arena, value), run->subject, false, &list);
	return run_list(run, &list);
}

static bool
all_digits(struct view word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (!char_is(word.data[i], CHAR_DIGIT))
			return false;
	}
	return word.len > 0;
}

enum outcome
access_result(struct access_run *run, struct view value, enum subject subject, const char *table)
{
	struct view rest = view_trim(value), word = VIEW_EMPTY;
	struct result result = { .subject = subject, .table = table };

	view_word(&rest, " \t\r\n", &word);
	result.text = view_trim(rest);
	if (all_digits(word))
		return numeric(run, word, &result);
	for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
		if (!view_is_nocase(word, actions[i].name))
			continue;
		if (actions[i].text == TEXT_FREE || !view_empty(result.text))
			return actions[i].apply(run, &actions[i], &result);
		log_warn("access table %s: %s requires an argument", table, actions[i].name);
		return ACCESS_NEXT;
	}
	return restrictions(run, value, &result);
}

/* checks: header_checks and body_checks: a table of actions. */
#include "cleanup/message.h"
#include "global/dsn/dsn.h"
#include "global/maillog/maillog.h"
#include "util/log/log.h"

enum { LOGGED_TEXT_MAX = 200 };

/* What a matching rule acts upon. */
struct finding {
	struct message *m;
	enum check_kind kind;
	struct view text;		/* the header or line */
	struct view argument;		/* what follows the action's name */
	struct buf *replacement;
};

struct action {
	const char *name;
	const char *logged;		/* NULL: the handler logs, or nothing is logged */
	bool needs_argument;
	enum check_verdict (*act)(struct finding *f);
};

static void
put_origin(const struct message *m, struct buf *out)
{
	if (m->origin.len > 0)
		buf_putv(out, m->origin);
	else if (m->client_name.len > 0)
		maillog_peer(out, m->client_name, m->client_address);
	else
		buf_puts(out, "local");
}

static const struct {
	const char *title;		/* the parameter's name */
	const char *what;		/* in log lines */
} kinds[] = {
	[CHECK_HEADER] = { "header_checks", "header" }, [CHECK_MIME_HEADER] = { "mime_header_checks", "header" },
	[CHECK_NESTED_HEADER] = { "nested_header_checks", "header" }, [CHECK_BODY] = { "body_checks", "body" },
};

static void
log_line(const struct message *m, const char *action, const char *what, struct view culprit, struct view text)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "%s: %s: %s %.*s from ", buf_c(&m->id), action, what,
	    VIEW_ARG(view_slice(culprit, 0, LOGGED_TEXT_MAX)));
	put_origin(m, &line);
	buf_puts(&line, "; from=");
	maillog_address(&line, m->sender);
	buf_puts(&line, " to=");
	if (m->first_recipient.len > 0)
		maillog_address(&line, m->first_recipient);
	else
		buf_puts(&line, "unknown");
	if (m->protocol_name.len > 0)
		buf_printf(&line, " proto=%.*s", VIEW_ARG(m->protocol_name));
	if (m->helo_name.len > 0)
		buf_printf(&line, " helo=<%.*s>", VIEW_ARG(m->helo_name));
	if (text.len > 0)
		buf_printf(&line, ": %.*s", VIEW_ARG(text));
	log_info("%s", buf_c(&line));
	buf_fini(&line);
}

static void
log_action(const struct finding *f, const char *action, struct view text)
{
	log_line(f->m, action, kinds[f->kind].what, f->text, text);
}

void
checks_log_reject(const struct message *m, const char *what, struct view culprit, const char *reason)
{
	log_line(m, "reject", what, culprit, reason != NULL ? view_string(reason) : VIEW_EMPTY);
}

static enum check_verdict
keep(struct finding *f)
{
	return CHECK_KEEP;
}

static enum check_verdict
drop(struct finding *f)
{
	return CHECK_DROP;
}

static enum check_verdict
reject(struct finding *f)
{
	char status[DSN_STATUS_SIZE];
	struct view rest = VIEW_EMPTY;
	struct buf reason = BUF_INIT;

	if (f->argument.len == 0)
		buf_puts(&reason, "5.7.1 message content rejected");
	else if (dsn_split(f->argument, status, &rest))
		buf_putv(&reason, f->argument);
	else
		buf_printf(&reason, "5.7.1 %.*s", VIEW_ARG(f->argument));
	if (rest.len == 0 && f->argument.len > 0 && dsn_split(f->argument, status, &rest) && rest.len == 0)
		buf_puts(&reason, " message content rejected");		/* SM18: a code alone */
	log_action(f, "reject", buf_view(&reason));
	message_fail(f->m, CLEANUP_CONTENT, buf_c(&reason));
	buf_fini(&reason);
	return CHECK_KEEP;
}

static enum check_verdict
discard(struct finding *f)
{
	f->m->flags |= CLEANUP_DISCARD;
	f->m->checks_passed = true;
	return CHECK_KEEP;
}

static enum check_verdict
hold(struct finding *f)
{
	f->m->flags |= CLEANUP_HOLD;
	return CHECK_KEEP;
}

static enum check_verdict
filter(struct finding *f)
{
	f->m->filter = arena_view(&f->m->arena, f->argument);
	return CHECK_KEEP;
}

static enum check_verdict
redirect(struct finding *f)
{
	f->m->redirect = arena_view(&f->m->arena, f->argument);
	return CHECK_KEEP;
}

static enum check_verdict
bcc(struct finding *f)
{
	struct recipient_list *list = &f->m->bcc;
	struct message_recipient copy = { .address = f->argument };

	if (list->count == 0 || !view_equal(list->items[list->count - 1].address, f->argument))	/* each line may say so */
		recipient_remember(f->m, list, &copy);
	return CHECK_KEEP;
}

static enum check_verdict
replace(struct finding *f)
{
	buf_set(f->replacement, f->argument);
	return CHECK_DROP;
}

static enum check_verdict
prepend(struct finding *f)
{
	buf_set(f->replacement, f->argument);
	return CHECK_KEEP;
}

static enum check_verdict
pass(struct finding *f)
{
	f->m->checks_passed = true;
	return CHECK_KEEP;
}

static const struct action actions[] = {
	{ "BCC",      "bcc",      true,  bcc },
	{ "DISCARD",  "discard",  false, discard },
	{ "DUNNO",    NULL,       false, keep },
	{ "FILTER",   "filter",   true,  filter },
	{ "HOLD",     "hold",     false, hold },
	{ "IGNORE",   NULL,       false, drop },
	{ "INFO",     "info",     false, keep },
	{ "OK",       NULL,       false, keep },
	{ "PASS",     "pass",     false, pass },
	{ "PREPEND",  "prepend",  true,  prepend },
	{ "REDIRECT", "redirect", true,  redirect },
	{ "REJECT",   NULL,       false, reject },
	{ "REPLACE",  "replace",  true,  replace },
	{ "STRIP",    "strip",    false, drop },
	{ "WARN",     "warning",  false, keep },
};

static enum check_verdict
act(struct finding *f, struct view result)
{
	const char *title = kinds[f->kind].title;
	struct view word = VIEW_EMPTY, rest = view_trim(result);

	view_word(&rest, " \t", &word);
	f->argument = view_trim(rest);
	for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
		if (!view_is_nocase(word, actions[i].name))
			continue;
		if (actions[i].needs_argument && f->argument.len == 0) {
			log_warn("%s action without text in %s map", actions[i].name, title);
			return CHECK_KEEP;
		}
		if (actions[i].logged != NULL)
			log_action(f, actions[i].logged, f->argument);
		return actions[i].act(f);
	}
	log_warn("unknown command in %s map: %.*s", title, VIEW_ARG(result));
	return CHECK_KEEP;
}

enum check_verdict
checks_apply(struct message *m, enum check_kind kind, struct view text, struct buf *replacement)
{
	struct finding f = { .m = m, .kind = kind, .text = text, .replacement = replacement };
	struct maps *maps = m->cleanup->checks[kind];
	enum check_verdict verdict = CHECK_KEEP;
	struct buf value = BUF_INIT;

	switch (maps_lookup(maps, text, false, &value, NULL)) {
	case LOOKUP_FOUND:
		verdict = act(&f, buf_view(&value));
		break;
	case LOOKUP_RETRY:
		log_warn("%s: %s map lookup problem -- message not accepted, try again later", buf_c(&m->id),
		    kinds[kind].title);
		message_fail(m, CLEANUP_WRITE, NULL);
		break;
	case LOOKUP_NONE:
		break;
	}
	buf_fini(&value);
	return verdict;
}

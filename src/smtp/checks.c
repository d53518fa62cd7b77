#include "smtp/checks.h"

#include "util/log/log.h"

enum { LOGGED_TEXT_MAX = 200 };

static const char *const titles[] = {
	[CHECK_HEADER] = "header_checks", [CHECK_MIME_HEADER] = "mime_header_checks",
	[CHECK_NESTED_HEADER] = "nested_header_checks", [CHECK_BODY] = "body_checks",
};

static const struct action {
	const char *name, *logged;	/* logged NULL: silently */
	bool puts;			/* its argument is sent */
	enum check_result result;
} actions[] = {
	{ "DUNNO",   NULL,      false, CHECK_KEEP },
	{ "IGNORE",  NULL,      false, CHECK_DROP },
	{ "INFO",    "info",    false, CHECK_KEEP },
	{ "PREPEND", "prepend", true,  CHECK_KEEP },
	{ "REPLACE", "replace", true,  CHECK_DROP },
	{ "STRIP",   "strip",   false, CHECK_DROP },
	{ "WARN",    "warning", false, CHECK_KEEP },
};

static enum check_result
unusable(const struct client *client, enum check_kind kind, const char *what, struct view answer)
{
	log_warn("%s in %s_%s map: %.*s", what, client_prefix(client), titles[kind], VIEW_ARG(answer));
	return CHECK_KEEP;
}

static enum check_result
act(const struct client *client, enum check_kind kind, struct view queue_id, struct view text, struct view answer,
    struct buf *extra)
{
	struct view rest = answer, word = VIEW_EMPTY;
	const struct action *action = NULL;

	view_word(&rest, " \t", &word);
	rest = view_trim(rest);
	for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
		if (view_is_nocase(word, actions[i].name))
			action = &actions[i];
	if (action == NULL)
		return unusable(client, kind, "unsupported command", answer);
	if (action->puts && view_empty(rest))
		return unusable(client, kind, "command without text", answer);
	if (action->logged != NULL)
		log_info("%.*s: %s: %s %.*s%s%.*s", VIEW_ARG(queue_id), action->logged, kind == CHECK_BODY ? "body" : "header",
		    VIEW_ARG(view_slice(text, 0, LOGGED_TEXT_MAX)), view_empty(rest) ? "" : ": ", VIEW_ARG(rest));
	if (action->puts)
		buf_putv(extra, rest);
	return action->result;
}

enum check_result
checks_apply(const struct client *client, enum check_kind kind, struct view queue_id, struct view text, struct buf *extra)
{
	enum check_result result = CHECK_KEEP;
	struct buf answer = BUF_INIT;

	if (client->checks[kind] == NULL)
		return CHECK_KEEP;
	switch (maps_lookup(client->checks[kind], text, false, &answer, NULL)) {
	case LOOKUP_FOUND:
		result = act(client, kind, queue_id, text, view_trim(buf_view(&answer)), extra);
		break;
	case LOOKUP_RETRY:
		log_warn("%.*s: %s_%s map lookup problem", VIEW_ARG(queue_id), client_prefix(client), titles[kind]);
		result = CHECK_FAILED;
		break;
	case LOOKUP_NONE:
		break;
	}
	buf_fini(&answer);
	return result;
}

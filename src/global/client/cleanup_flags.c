#include "global/client/cleanup.h"

/* receive_override_options: what cleanup is not asked to do */
static const struct {
	const char *name;
	unsigned without;
} overrides[] = {
	{ "no_unknown_recipient_checks",	0 },		/* means something to smtpd only */
	{ "no_address_mappings",		CLEANUP_MAP_VIRTUAL | CLEANUP_MAP_BCC | CLEANUP_MAP_CANONICAL },
	{ "no_header_body_checks",		CLEANUP_FILTER },
	{ "no_milters",				CLEANUP_MILTER },
};

static bool
switch_off(unsigned *flags, struct view word)
{
	for (size_t i = 0; i < ARRAY_COUNT(overrides); i++) {
		if (view_is_nocase(word, overrides[i].name)) {
			*flags &= ~overrides[i].without;
			return true;
		}
	}
	return false;
}

bool
cleanup_override(unsigned *flags, const char *options, struct buf *why)
{
	struct view rest = view_string(options), word;
	bool ok = true;

	while (view_word(&rest, ", \t\r\n", &word)) {
		if (switch_off(flags, word))
			continue;
		why_set(why, "receive_override_options: unknown word \"%.*s\"", VIEW_ARG(word));
		ok = false;
	}
	return ok;
}

unsigned
cleanup_utf8_flags(bool enabled, const char *classes, const char *origin)
{
	struct view rest = view_string(classes), word;

	while (enabled && view_word(&rest, ", \t\r\n", &word)) {
		if (view_is_nocase(word, origin) || view_is_nocase(word, "all"))
			return CLEANUP_AUTO_UTF8;
	}
	return 0;
}

#include "pickup/pickup.h"
#include "util/log/log.h"

static const struct {
	const char *name;
	unsigned without;
} overrides[] = {
	{ "no_unknown_recipient_checks", 0 },		/* means something to smtpd only */
	{ "no_address_mappings", CLEANUP_MAP_CANONICAL | CLEANUP_MAP_VIRTUAL | CLEANUP_MAP_BCC },
	{ "no_header_body_checks", CLEANUP_FILTER },
	{ "no_milters", CLEANUP_MILTER },
};

static unsigned
switched_off(struct view word)
{
	for (size_t i = 0; i < ARRAY_COUNT(overrides); i++)
		if (view_is_nocase(word, overrides[i].name))
			return overrides[i].without;
	log_warn("receive_override_options: unknown option: %.*s", VIEW_ARG(word));
	return 0;
}

static bool
autodetects(const struct pickup_config *config)
{
	struct view rest = view_string(config->utf8_classes), word;

	while (config->utf8 && view_word(&rest, ", \t\r\n", &word))
		if (view_is_nocase(word, "sendmail") || view_is_nocase(word, "all"))
			return true;
	return false;
}

unsigned
pickup_cleanup_flags(const struct pickup_config *config, bool requeued)
{
	unsigned flags = CLEANUP_BOUNCE | CLEANUP_EXTERNAL;
	struct view rest = view_string(config->overrides), word;

	while (view_word(&rest, ", \t\r\n", &word))
		flags &= ~switched_off(word);
	if (requeued)
		flags &= ~(unsigned)CLEANUP_MILTER;	/* they have seen it, and changed it */
	if (autodetects(config))
		flags |= CLEANUP_AUTO_UTF8;
	return flags;
}

#include "smtpd/ehlo.h"

#include "util/log/log.h"

struct keyword {
	enum ehlo_keyword bit;
	const char *name;
	const char *rest;		/* behind it */
};

static const struct keyword keywords[] = {
	{ EHLO_PIPELINING,		"PIPELINING" },
	{ EHLO_SIZE,			"SIZE" },
	{ EHLO_VRFY,			"VRFY" },
	{ EHLO_ETRN,			"ETRN" },
	{ EHLO_XVERP,			"XVERP" },
	{ EHLO_XCLIENT,			"XCLIENT", " NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT" },
	{ EHLO_XFORWARD,		"XFORWARD", " NAME ADDR PROTO HELO SOURCE PORT IDENT" },
	{ EHLO_ENHANCEDSTATUSCODES,	"ENHANCEDSTATUSCODES" },
	{ EHLO_8BITMIME,		"8BITMIME" },
	{ EHLO_DSN,			"DSN" },
	{ EHLO_SMTPUTF8,		"SMTPUTF8" },
	{ EHLO_CHUNKING,		"CHUNKING" },
};

/* Bits of a discard list; *silent is set by its pseudo keyword. */
static unsigned
discarded(struct view list, bool *silent)
{
	struct view word;
	unsigned mask = 0;

	while (view_word(&list, ", \t\r\n", &word)) {
		if (view_is_nocase(word, "silent-discard"))
			*silent = true;
		for (size_t i = 0; i < ARRAY_COUNT(keywords); i++) {
			if (view_is_nocase(word, keywords[i].name))
				mask |= keywords[i].bit;
		}
	}
	return mask;
}

/* The list for this client; false: the table gave no answer. */
static bool
list_for(const struct session *session, struct buf *list)
{
	struct maps *maps = session->server->ehlo_maps;
	enum lookup found = LOOKUP_NONE;

	if (!maps_empty(maps))
		found = maps_lookup(maps, buf_view(&session->peer.address), false, list, NULL);
	if (found != LOOKUP_FOUND)
		buf_set(list, view_string(session->config->discard_ehlo_keywords));
	return found != LOOKUP_RETRY;
}

static bool
discarded_for(const struct session *session, unsigned *mask)
{
	struct buf list = BUF_INIT;
	bool silent = false, known = list_for(session, &list);

	*mask = discarded(buf_view(&list), &silent);
	if (*mask != 0 && !silent)
		log_info("discarding EHLO keywords: %s", buf_c(&list));
	buf_fini(&list);
	return known;
}

bool
ehlo_keywords_for(const struct session *session, unsigned *out)
{
	const struct {
		bool hidden;
		unsigned bit;
	} conditions[] = {
		{ session->config->disable_vrfy_command, EHLO_VRFY },
		{ !session->config->smtputf8_enable, EHLO_SMTPUTF8 },
		{ !session->may_verp, EHLO_XVERP },
		{ !session->may_xclient, EHLO_XCLIENT },
		{ !session->may_xforward, EHLO_XFORWARD },
	};
	unsigned shown = ~0U, hidden;
	bool known = discarded_for(session, &hidden);

	for (size_t i = 0; i < ARRAY_COUNT(conditions); i++)
		shown &= conditions[i].hidden ? ~conditions[i].bit : ~0U;
	*out = shown & ~hidden;
	return known;
}

static void
put_keyword(const struct session *session, size_t which, struct buf *out)
{
	buf_printf(out, "\n%s%s", keywords[which].name, keywords[which].rest != NULL ? keywords[which].rest : "");
	if (keywords[which].bit == EHLO_SIZE && session->config->message_size_limit > 0)
		buf_printf(out, " %lld", session->config->message_size_limit);
}

void
ehlo_text(const struct session *session, struct buf *out)
{
	buf_puts(out, session->config->myhostname);
	for (size_t i = 0; i < ARRAY_COUNT(keywords); i++) {
		if ((session->keywords & keywords[i].bit) != 0)
			put_keyword(session, i, out);
	}
}

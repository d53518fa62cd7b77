#include "config.h"
#include "table/types.h"

/* pcre: Perl's regular expressions, by PCRE2. */
#ifdef HAVE_PCRE

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "table/delimited.h"
#include "table/rules.h"
#include "util/process/library.h"

static struct {
	__typeof__(pcre2_compile) *compile;
	__typeof__(pcre2_code_free) *code_free;
	__typeof__(pcre2_get_error_message) *get_error_message;
	__typeof__(pcre2_get_ovector_pointer) *get_ovector_pointer;
	__typeof__(pcre2_match) *match;
	__typeof__(pcre2_match_data_create_from_pattern) *match_data_create_from_pattern;
	__typeof__(pcre2_match_data_free) *match_data_free;
	__typeof__(pcre2_pattern_info) *pattern_info;
} pcre2;

static const struct library_function functions[] = {
	{ "pcre2_compile_8", &pcre2.compile }, { "pcre2_code_free_8", &pcre2.code_free },
	{ "pcre2_get_error_message_8", &pcre2.get_error_message },
	{ "pcre2_get_ovector_pointer_8", &pcre2.get_ovector_pointer }, { "pcre2_match_8", &pcre2.match },
	{ "pcre2_match_data_create_from_pattern_8", &pcre2.match_data_create_from_pattern },
	{ "pcre2_match_data_free_8", &pcre2.match_data_free },
	{ "pcre2_pattern_info_8", &pcre2.pattern_info }, { NULL },
};

static bool
load(struct buf *why)
{
	return library_load(PCRE_LIBRARY, functions, why);
}

struct pcre {
	pcre2_code *code;
	pcre2_match_data *match;
	uint32_t groups;
};

static const struct delimited_flag flags[] = {
	{ 'i', PCRE2_CASELESS },
	{ 'm', PCRE2_MULTILINE },
	{ 's', PCRE2_DOTALL },
	{ 'x', PCRE2_EXTENDED },
	{ 'A', PCRE2_ANCHORED },
	{ 'E', PCRE2_DOLLAR_ENDONLY },
	{ 'U', PCRE2_UNGREEDY },
	{ 'X', 0 },		/* PCRE2 is always that strict */
	{ 0, 0 },
};

static void
put_error(struct buf *why, int error)
{
	PCRE2_UCHAR text[256] = "";

	pcre2.get_error_message(error, text, sizeof(text));
	why_set(why, "%s", (const char *)text);
}

static struct pcre *
pcre_new(const struct buf *text, uint32_t options, struct buf *why)
{
	PCRE2_SIZE where = 0;
	struct pcre *pcre;
	pcre2_code *code;
	int error;

	code = pcre2.compile((PCRE2_SPTR)buf_c(text), text->len, options, &error, &where, NULL);
	if (code == NULL) {
		put_error(why, error);
		if (why != NULL)
			buf_printf(why, " at offset %zu in \"%s\"", (size_t)where, buf_c(text));
		return NULL;
	}
	pcre = mem_new(sizeof(*pcre));
	pcre->code = code;
	pcre->match = pcre2.match_data_create_from_pattern(code, NULL);
	pcre2.pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &pcre->groups);
	return pcre;
}

static void *
pcre_compile(struct view *rest, bool utf8, struct buf *why)
{
	uint32_t options = PCRE2_CASELESS | PCRE2_DOTALL;
	struct buf text = BUF_INIT;
	struct pcre *pcre = NULL;

	if (load(why) && delimited_parse(rest, flags, &text, &options, why))
		pcre = pcre_new(&text, options | (utf8 ? PCRE2_UTF : 0), why);
	buf_fini(&text);
	return pcre;
}

static void
pcre_free(void *pattern)
{
	struct pcre *pcre = pattern;

	pcre2.match_data_free(pcre->match);
	pcre2.code_free(pcre->code);
	mem_free(pcre);
}

static size_t
pcre_group_count(const void *pattern)
{
	return ((const struct pcre *)pattern)->groups;
}

static void
take_groups(const struct pcre *pcre, struct view text, int count, struct view *groups)
{
	const PCRE2_SIZE *ends = pcre2.get_ovector_pointer(pcre->match);

	for (size_t i = 0; i <= pcre->groups && i < RULE_GROUPS_MAX; i++)
		groups[i] = i >= (size_t)count || ends[2 * i] == PCRE2_UNSET ? VIEW_EMPTY
		    : view_slice(text, ends[2 * i], ends[2 * i + 1]);
}

static enum lookup
pcre_match(const void *pattern, const struct rule_subject *subject, struct view *groups, struct buf *why)
{
	const struct pcre *pcre = pattern;
	struct view text = subject->text;
	int count;

	if (pcre->match == NULL) {
		put_error(why, PCRE2_ERROR_NOMEMORY);
		return LOOKUP_RETRY;
	}
	count = pcre2.match(pcre->code, (PCRE2_SPTR)(text.len > 0 ? text.data : ""), text.len, 0, 0, pcre->match, NULL);
	if (count == PCRE2_ERROR_NOMATCH)
		return LOOKUP_NONE;
	if (count < 0) {
		put_error(why, count);
		return LOOKUP_RETRY;
	}
	take_groups(pcre, text, count, groups);
	return LOOKUP_FOUND;
}

const struct rule_syntax rule_syntax_pcre = {
	.title = "pcre map",
	.substitutes = true,
	.compile = pcre_compile,
	.match = pcre_match,
	.group_count = pcre_group_count,
	.free = pcre_free,
};

static void *
pcre_open(const struct table_env *env, const char *name, unsigned table_flags, struct table_traits *traits,
    struct buf *why)
{
	return rules_open(&rule_syntax_pcre, env, name, table_flags, traits, why);
}

const struct table_type table_pcre = {
	.name = "pcre", .ops = &rules_ops, .open = pcre_open, .load = load,
};

#endif

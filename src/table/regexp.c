#include <regex.h>

#include "table/delimited.h"
#include "table/rules.h"
#include "table/types.h"

/* regexp: POSIX regular expressions of the C library. */

static const struct delimited_flag flags[] = {
	{ 'i', REG_ICASE },
	{ 'm', REG_NEWLINE },
	{ 'x', REG_EXTENDED },
	{ 0, 0 },
};

static void *
regexp_compile(struct view *rest, bool utf8, struct buf *why)
{
	struct buf text = BUF_INIT;
	uint32_t options = REG_EXTENDED | REG_ICASE;
	regex_t *regex = NULL;
	char reason[128];
	int error;

	if (!delimited_parse(rest, flags, &text, &options, why))
		goto out;
	regex = mem_new(sizeof(*regex));
	if ((error = regcomp(regex, buf_c(&text), (int)options)) != 0) {
		regerror(error, regex, reason, sizeof(reason));
		why_set(why, "%s in \"%s\"", reason, buf_c(&text));
		mem_free(regex);
		regex = NULL;
	}
out:
	buf_fini(&text);
	return regex;
}

static void
regexp_free(void *pattern)
{
	regfree(pattern);
	mem_free(pattern);
}

static size_t
regexp_group_count(const void *pattern)
{
	return ((const regex_t *)pattern)->re_nsub;
}

static void
take_groups(struct view text, const regmatch_t *found, size_t count, struct view *groups)
{
	for (size_t i = 0; i < count; i++)
		groups[i] = found[i].rm_so == -1 ? VIEW_EMPTY
		    : view_slice(text, (size_t)found[i].rm_so, (size_t)found[i].rm_eo);
}

static enum lookup
regexp_match(const void *pattern, const struct rule_subject *subject, struct view *groups, struct buf *why)
{
	const regex_t *regex = pattern;
	size_t count = regex->re_nsub + 1 < RULE_GROUPS_MAX ? regex->re_nsub + 1 : RULE_GROUPS_MAX;
	regmatch_t found[RULE_GROUPS_MAX];
	struct view text = subject->text;
	char reason[128];
	int error;

	found[0] = (regmatch_t){ 0, (regoff_t)text.len };
	error = regexec(regex, text.len > 0 ? text.data : "", count, found, REG_STARTEND);
	if (error == REG_NOMATCH)
		return LOOKUP_NONE;
	if (error != 0) {
		regerror(error, regex, reason, sizeof(reason));
		why_set(why, "%s", reason);
		return LOOKUP_RETRY;
	}
	take_groups(text, found, count, groups);
	return LOOKUP_FOUND;
}

const struct rule_syntax rule_syntax_regexp = {
	.title = "regexp map",
	.substitutes = true,
	.compile = regexp_compile,
	.match = regexp_match,
	.group_count = regexp_group_count,
	.free = regexp_free,
};

static void *
regexp_open(const struct table_env *env, const char *name, unsigned table_flags, struct table_traits *traits,
    struct buf *why)
{
	return rules_open(&rule_syntax_regexp, env, name, table_flags, traits, why);
}

const struct table_type table_regexp = { "regexp", &rules_ops, regexp_open, false };

/*
 * rules: what cidr, regexp and pcre tables have in common: a list of `[!]pattern result`, with `if [!]pattern` …
 * `endif` around parts of it; the first rule that matches gives the result. A line that is wrong is skipped with a
 * warning, and the others hold; a wrong `if` guards a block that is never entered.
 */
#ifndef TABLE_RULES_H
#define TABLE_RULES_H

#include "table/type.h"
#include "util/net/netaddr.h"

enum { RULE_GROUPS_MAX = 100 };		/* $0 … $99; $0 is not for users */

/* What a rule is held against. */
struct rule_subject {
	struct view text;
	struct netaddr addr;		/* when the syntax wants one */
};

/* One kind of pattern. */
struct rule_syntax {
	const char *title;		/* "regexp map" */
	bool wants_address;		/* keys that are no address match nothing, not even a negated rule */
	bool substitutes;		/* results may hold $1 ${1} $(1) and $$ */
	/* Takes one pattern from the front of *rest; NULL with a reason. */
	void *(*compile)(struct view *rest, bool utf8, struct buf *why);
	/* Could it match at all? What cannot matches no negated pattern either; may be NULL. */
	bool (*concerns)(const void *pattern, const struct rule_subject *subject);
	enum lookup (*match)(const void *pattern, const struct rule_subject *subject, struct view *groups, struct buf *why);
	size_t (*group_count)(const void *pattern);	/* how many $n there are; NULL: none */
	void (*free)(void *pattern);
};

/* For struct table_type: name is a path, or `{{rule}, {rule}}`. */
void	*rules_open(const struct rule_syntax *syntax, const struct table_env *env, const char *name, unsigned flags,
	    struct table_traits *traits, struct buf *why);

extern const struct table_ops rules_ops;

/* The rules in a text, for tests. */
struct rules;
struct rules *rules_parse(const struct rule_syntax *syntax, struct view text, bool utf8, unsigned flags);
enum lookup rules_lookup(struct rules *rules, struct view key, struct buf *value, struct buf *why);
void	 rules_free(struct rules *rules);

extern const struct rule_syntax rule_syntax_cidr, rule_syntax_regexp, rule_syntax_pcre;

#endif

#include "table/rules.h"
#include "table/types.h"

/* cidr: networks and addresses, `192.0.2.0/24 result`. */

static void *
cidr_compile(struct view *rest, bool utf8, struct buf *why)
{
	struct netblock block;
	struct view word;

	if (!view_word(rest, " \t\r\n", &word)) {
		why_set(why, "no address pattern");
		return NULL;
	}
	*rest = view_trim(*rest);
	return netblock_parse(word, &block, why) ? mem_dup(&block, sizeof(block)) : NULL;
}

/* A network of IPv4 says nothing about IPv6 addresses: "!192.0.2.0/24 REJECT" is not meant for them. */
static bool
cidr_concerns(const void *pattern, const struct rule_subject *subject)
{
	const struct netblock *block = pattern;

	return block->addr.family == subject->addr.family;
}

static enum lookup
cidr_match(const void *pattern, const struct rule_subject *subject, struct view *groups, struct buf *why)
{
	return netblock_contains(pattern, &subject->addr) ? LOOKUP_FOUND : LOOKUP_NONE;
}

const struct rule_syntax rule_syntax_cidr = {
	.title = "cidr map",
	.wants_address = true,
	.compile = cidr_compile,
	.concerns = cidr_concerns,
	.match = cidr_match,
	.free = mem_free,
};

static void *
cidr_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	return rules_open(&rule_syntax_cidr, env, name, flags, traits, why);
}

const struct table_type table_cidr = { "cidr", &rules_ops, cidr_open, false };

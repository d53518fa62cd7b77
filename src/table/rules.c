#include "table/rules.h"
#include "table/source.h"
#include "table/stamp.h"
#include "table/template.h"
#include "util/base/arena.h"
#include "util/log/log.h"
#include "util/text/chars.h"
#include "util/text/words.h"

#define NO_BLOCK	SIZE_MAX

struct rule {
	bool is_if, negate;
	void *pattern;			/* NULL: an `if` that could not be understood */
	struct template result;
	size_t after;			/* if: the first rule behind its block */
	size_t outer;			/* if: the block around it, while loading */
	int line;
};

struct rules {
	const struct rule_syntax *syntax;
	char *title;			/* "regexp map /etc/postfix/x" */
	bool utf8;
	unsigned flags;
	struct arena arena;
	struct rule *rules;
	size_t count;
	size_t block;			/* the innermost open `if` */
	struct stamp stamp;
	struct buf key;			/* of the current lookup: patterns get a text that ends in NUL */
};

/* -- loading ---------------------------------------------------------------------------------------------------------- */

static struct rule *
add(struct rules *rules, const struct rule *rule)
{
	rules->rules = mem_resize(rules->rules, (rules->count + 1) * sizeof(*rules->rules));
	rules->rules[rules->count] = *rule;
	return &rules->rules[rules->count++];
}

/* A word of the language, not the beginning of something else: "if", "IF!", "if/". */
static bool
take_word(struct view *text, const char *word)
{
	struct view rest;

	if (!view_starts_nocase(*text, view_string(word)))
		return false;
	rest = view_slice(*text, strlen(word), text->len);
	if (rest.len > 0 && char_is(rest.data[0], CHAR_ALPHA | CHAR_DIGIT))
		return false;
	*text = view_trim(rest);
	return true;
}

static bool
compile(struct rules *rules, const struct source *source, struct view *rest, struct rule *rule)
{
	struct buf why = BUF_INIT;

	for (; rest->len > 0 && rest->data[0] == '!'; *rest = view_trim(view_slice(*rest, 1, rest->len)))
		rule->negate = !rule->negate;
	rule->line = source->line;
	rule->pattern = rules->syntax->compile(rest, rules->utf8, &why);
	if (rule->pattern == NULL)
		source_warn(source, "%s: skipping this rule", buf_c(&why));
	buf_fini(&why);
	return rule->pattern != NULL;
}

static void
add_if(struct rules *rules, const struct source *source, struct view rest)
{
	struct rule rule = { .is_if = true, .after = NO_BLOCK, .outer = rules->block };

	if (compile(rules, source, &rest, &rule) && rest.len > 0)
		source_warn(source, "ignoring extra text after IF pattern: \"%.*s\"", VIEW_ARG(rest));
	rules->block = rules->count;
	add(rules, &rule);
}

static void
add_endif(struct rules *rules, const struct source *source, struct view rest)
{
	struct rule *open;

	if (rules->block == NO_BLOCK) {
		source_warn(source, "ignoring ENDIF without matching IF");
		return;
	}
	if (rest.len > 0)
		source_warn(source, "ignoring extra text after ENDIF: \"%.*s\"", VIEW_ARG(rest));
	open = &rules->rules[rules->block];
	open->after = rules->count;
	rules->block = open->outer;
}

static size_t
groups_of(const struct rules *rules, const struct rule *rule)
{
	return rules->syntax->group_count != NULL && !rule->negate ? rules->syntax->group_count(rule->pattern) : 0;
}

static bool
check_groups(const struct rules *rules, const struct source *source, const struct rule *rule)
{
	size_t max = rule->result.group_max;

	if (max == 0)
		return true;
	if ((rules->flags & TABLE_NO_SUBSTITUTION) != 0)
		source_warn(source, "regular expression substitution is not allowed: skipping this rule");
	else if (rule->negate)
		source_warn(source, "$number found in negative match replacement text: skipping this rule");
	else if (max > groups_of(rules, rule) || max >= RULE_GROUPS_MAX)
		source_warn(source, "out of range replacement index \"%zu\": skipping this rule", max);
	else
		return true;
	return false;
}

static bool
parse_result(struct rules *rules, const struct source *source, struct view text, struct rule *rule)
{
	struct view kept = arena_view(&rules->arena, text);
	struct buf why = BUF_INIT;
	bool good = true;

	if (text.len == 0 && !rules->syntax->substitutes) {
		source_warn(source, "no replacement text: skipping this rule");
		return false;
	}
	if (text.len == 0)
		source_warn(source, "no replacement text: using empty string");
	if (!rules->syntax->substitutes) {
		rule->result.parts = arena_alloc(&rules->arena, sizeof(*rule->result.parts));
		rule->result.parts[0].text = kept;
		rule->result.count = 1;
		return true;
	}
	if (!template_parse(kept, &rules->arena, &rule->result, &why)) {
		source_warn(source, "%s: skipping this rule", buf_c(&why));
		good = false;
	}
	buf_fini(&why);
	return good && check_groups(rules, source, rule);
}

static void
add_match(struct rules *rules, const struct source *source, struct view rest)
{
	struct rule rule = { .is_if = false };

	if (!compile(rules, source, &rest, &rule))
		return;
	if (parse_result(rules, source, view_trim(rest), &rule))
		add(rules, &rule);
	else
		rules->syntax->free(rule.pattern);
}

static void
load(struct rules *rules, struct source *source)
{
	struct view line;

	while (source_next(source, &line)) {
		if (memchr(line.data, '\0', line.len) != NULL)
			source_warn(source, "a null byte is in this line: skipping this rule");
		else if (take_word(&line, "if"))
			add_if(rules, source, line);
		else if (take_word(&line, "endif"))
			add_endif(rules, source, line);
		else
			add_match(rules, source, line);
	}
	for (size_t i = 0; i < rules->count; i++)
		if (rules->rules[i].is_if && rules->rules[i].after == NO_BLOCK) {
			log_warn("%s, line %d: IF has no matching ENDIF", rules->title, rules->rules[i].line);
			rules->rules[i].after = rules->count;
		}
}

static struct rules *
rules_new(const struct rule_syntax *syntax, const char *name, bool utf8, unsigned flags)
{
	struct rules *rules = mem_new(sizeof(*rules));
	struct buf title = BUF_INIT;

	buf_printf(&title, "%s %s", syntax->title, name);
	rules->syntax = syntax;
	rules->title = buf_detach(&title);
	rules->utf8 = utf8;
	rules->flags = flags;
	rules->block = NO_BLOCK;
	arena_init(&rules->arena);
	return rules;
}

void
rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rules->rules[i].pattern != NULL)
			rules->syntax->free(rules->rules[i].pattern);
	mem_free(rules->rules);
	mem_free(rules->title);
	stamp_fini(&rules->stamp);
	buf_fini(&rules->key);
	arena_fini(&rules->arena);
	mem_free(rules);
}

struct rules *
rules_parse(const struct rule_syntax *syntax, struct view text, bool utf8, unsigned flags)
{
	struct rules *rules = rules_new(syntax, "text", utf8, flags);
	struct source source;

	source_open_text(&source, text, rules->title);
	load(rules, &source);
	source_close(&source);
	return rules;
}

static bool
open_source(struct rules *rules, struct source *source, const char *name, struct table_traits *traits, struct buf *why)
{
	struct view list;

	if (words_inner(view_string(name), &list, NULL)) {
		traits->stable = true;
		traits->owner_trusted = true;
		return source_open_inline(source, list, rules->title, why);
	}
	if (!source_open(source, name, why))
		return false;
	source->name = rules->title;
	stamp_take(&rules->stamp, name, &source->st);
	stamp_traits(&source->st, traits);
	return true;
}

void *
rules_open(const struct rule_syntax *syntax, const struct table_env *env, const char *name, unsigned flags,
    struct table_traits *traits, struct buf *why)
{
	struct rules *rules = rules_new(syntax, name, env->utf8, flags);
	struct source source;
	bool good = false;

	traits->kind = TABLE_PATTERN;
	if (open_source(rules, &source, name, traits, why)) {
		load(rules, &source);
		good = !source.failed;
		source_close(&source);
		if (!good)
			why_set(why, "%s could not be read to its end", name);
	}
	if (good)
		return rules;
	rules_free(rules);
	return NULL;
}

/* -- asking ----------------------------------------------------------------------------------------------------------- */

static enum lookup
match(const struct rules *rules, const struct rule *rule, const struct rule_subject *subject, struct view *groups,
    struct buf *why)
{
	enum lookup result;

	if (rule->pattern == NULL ||
	    (rules->syntax->concerns != NULL && !rules->syntax->concerns(rule->pattern, subject)))
		return LOOKUP_NONE;
	result = rules->syntax->match(rule->pattern, subject, groups, why);
	if (result == LOOKUP_RETRY || !rule->negate)
		return result;
	return result == LOOKUP_FOUND ? LOOKUP_NONE : LOOKUP_FOUND;
}

static enum lookup
run(const struct rules *rules, const struct rule_subject *subject, struct buf *value, struct buf *why)
{
	struct view groups[RULE_GROUPS_MAX] = { 0 };
	struct buf reason = BUF_INIT;
	enum lookup result = LOOKUP_NONE;
	const struct rule *rule;

	for (size_t i = 0; i < rules->count;) {
		rule = &rules->rules[i++];
		result = match(rules, rule, subject, groups, &reason);
		if (result == LOOKUP_RETRY || (result == LOOKUP_FOUND && !rule->is_if))
			break;
		if (result == LOOKUP_NONE && rule->is_if)
			i = rule->after;
		result = LOOKUP_NONE;
	}
	if (result == LOOKUP_RETRY)
		why_set(why, "%s, line %d: %s", rules->title, rule->line, buf_c(&reason));
	else if (result == LOOKUP_FOUND)
		template_put(value, &rule->result, groups);
	buf_fini(&reason);
	return result;
}

enum lookup
rules_lookup(struct rules *rules, struct view key, struct buf *value, struct buf *why)
{
	struct rule_subject subject;

	buf_set(&rules->key, key);
	subject.text = buf_view(&rules->key);
	if (rules->syntax->wants_address && !netaddr_parse(key, &subject.addr))
		return LOOKUP_NONE;
	return run(rules, &subject, value, why);
}

static enum lookup
ops_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	return rules_lookup(state, key, value, why);
}

static bool
ops_changed(void *state)
{
	return stamp_changed(&((struct rules *)state)->stamp);
}

static void
ops_close(void *state)
{
	rules_free(state);
}

const struct table_ops rules_ops = { .lookup = ops_lookup, .changed = ops_changed, .close = ops_close };

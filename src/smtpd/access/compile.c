/* compile: from the text of a list to rules, with all tables opened. What makes no sense fails when it is reached. */
#include "smtpd/access/internal.h"

#include "util/log/log.h"
#include "util/text/words.h"

struct maps *
access_table(struct access *access, struct view name, bool may_open)
{
	struct maps *maps = hash_get(access->tables, name);
	struct buf text = BUF_INIT;

	if (maps != NULL || !may_open)
		return maps;
	buf_putv(&text, name);
	maps = maps_open(access->env, "access table", buf_c(&text), TABLE_FOLD_FIXED);
	hash_put(access->tables, name, maps);
	buf_fini(&text);
	return maps;
}

static void
misconfigured(struct rule *rule, const char *why)
{
	rule->what = &restriction_misconfigured;
	rule->broken = why;
}

/* The table or word behind a keyword. */
static void
take_argument(struct access *access, struct rule *rule, struct view *rest, bool may_open)
{
	struct buf why = BUF_INIT;

	if (!words_next(rest, &rule->word, &why)) {
		misconfigured(rule, "missing argument");
	} else if (rule->what->takes == TAKES_TABLE) {
		if (view_find(rule->word, ':') < 0)
			misconfigured(rule, "argument is no type:table");
		else if ((rule->maps = access_table(access, rule->word, may_open)) == NULL)
			misconfigured(rule, "table is not open: name it in smtpd_restriction_classes");
	} else if (rule->what->takes == TAKES_SERVICE) {
		if ((rule->policy = policy_open(access, rule->word, &why)) == NULL)
			misconfigured(rule, arena_string(&access->arena, buf_view(&why)));
	}
	buf_fini(&why);
}

static void
bare_table(struct access *access, struct rule *rule, enum subject subject, bool may_open)
{
	rule->what = restriction_default_check(subject);
	rule->word = rule->text;
	if (rule->what == NULL)
		misconfigured(rule, "a table alone has no meaning in this list");
	else if ((rule->maps = access_table(access, rule->text, may_open)) == NULL)
		misconfigured(rule, "table is not open");
}

/* Words of old configurations. */
static void
unknown_word(struct access *access, struct rule *rule)
{
	static const struct { const char *name, *instead; } removed[] = {
		{ "permit_naked_ip_address", "permit_mynetworks\" or \"permit_sasl_authenticated" },
		{ "check_relay_domains", "reject_unauth_destination" }, { "reject_maps_rbl", "reject_rbl_client domain-name" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(removed); i++)
		if (view_is_nocase(rule->text, removed[i].name)) {
			struct view why = arena_printf(&access->arena, "support for restriction \"%s\" has been removed in Postfix 3.9; "
			    "instead, specify \"%s\"", removed[i].name, removed[i].instead);

			misconfigured(rule, arena_string(&access->arena, why));
			return;
		}
	misconfigured(rule, "unknown smtpd restriction");
}

static void
compile_rule(struct access *access, struct rule *rule, struct view *rest, enum subject subject, bool may_open)
{
	rule->what = restriction_find(rule->text);
	if (view_is_nocase(rule->text, "permit_mx_backup"))
		log_warn("support for restriction \"permit_mx_backup\" will be removed from Postfix; instead, specify \"relay_domains\"");
	if (rule->what != NULL) {
		if (rule->what->takes != TAKES_NOTHING)
			take_argument(access, rule, rest, may_open);
	} else if ((rule->list = hash_get(access->classes, rule->text)) != NULL) {
		rule->what = &restriction_class;
	} else if (view_find(rule->text, ':') > 0) {
		bare_table(access, rule, subject, may_open);
	} else {
		unknown_word(access, rule);
	}
}

void
compile_list(struct access *access, struct arena *arena, const char *title, struct view text, enum subject subject,
    bool may_open, struct rule_list *out)
{
	struct view rest = text, word;
	struct buf why = BUF_INIT;
	size_t count = 0;

	while (words_next(&rest, &word, &why))
		count++;
	*out = (struct rule_list){ title, arena_alloc_array(arena, count + 1, sizeof(struct rule)), 0, subject };
	rest = text;
	while (words_next(&rest, &word, NULL)) {
		struct rule *rule = &out->rules[out->count++];

		rule->text = word;
		compile_rule(access, rule, &rest, subject, may_open);
	}
	if (why.len > 0)
		misconfigured(&out->rules[out->count++], arena_string(arena, buf_view(&why)));
	buf_fini(&why);
}

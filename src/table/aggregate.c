#include "table/aggregate.h"
#include "util/text/words.h"

/* Two owners that are not root: nobody answers for the content. */
static void
merge_owner(struct table_traits *traits, const struct table *member)
{
	bool trusted;
	uid_t owner = table_owner(member, &trusted);

	if (!trusted || (owner != 0 && traits->owner != 0 && owner != traits->owner))
		traits->owner_trusted = false;
	if (owner != 0)
		traits->owner = owner;
}

static bool
add(struct aggregate *a, const struct table_env *env, struct view name, unsigned flags, struct table_traits *traits,
    struct buf *why)
{
	struct table *member = table_open(env, name, flags);

	a->members = mem_resize(a->members, (a->count + 1) * sizeof(struct table *));
	a->members[a->count++] = member;
	if (table_broken(member) != NULL) {
		why_set(why, "%s: %s", table_name(member), table_broken(member));
		return false;
	}
	traits->stable = traits->stable && table_stable(member);
	traits->remote = traits->remote || table_is_remote(member);
	merge_owner(traits, member);
	return true;
}

static bool
add_all(struct aggregate *a, const char *type, const struct table_env *env, const char *name, unsigned flags,
    struct table_traits *traits, struct buf *why)
{
	struct buf open_brace = BUF_INIT;
	struct view list, word;
	bool good = true;

	if (!words_inner(view_string(name), &list, NULL) || list.len == 0) {
		why_set(why, "bad syntax: need \"%s:{type:name...}\" instead of \"%s:%s\"", type, type, name);
		return false;
	}
	while (good && words_next(&list, &word, &open_brace))
		good = add(a, env, word, flags, traits, why);
	if (open_brace.len > 0)
		why_set(why, "%s", buf_c(&open_brace));
	good = good && open_brace.len == 0;
	buf_fini(&open_brace);
	return good;
}

struct aggregate *
aggregate_open(const char *type, const struct table_env *env, const char *name, unsigned flags,
    struct table_traits *traits, struct buf *why)
{
	struct aggregate *a = mem_new(sizeof(*a));

	traits->stable = traits->owner_trusted = traits->transparent = true;
	if (add_all(a, type, env, name, flags, traits, why))
		return a;
	aggregate_close(a);
	return NULL;
}

void
aggregate_close(void *state)
{
	struct aggregate *a = state;

	for (size_t i = 0; i < a->count; i++)
		table_close(a->members[i]);
	mem_free(a->members);
	mem_free(a);
}

bool
aggregate_changed(void *state)
{
	const struct aggregate *a = state;

	for (size_t i = 0; i < a->count; i++)
		if (table_changed(a->members[i]))
			return true;
	return false;
}

enum lookup
aggregate_ask(struct aggregate *a, size_t member, struct view key, struct buf *value, struct buf *why)
{
	a->asked = a->members[member];
	return table_lookup(a->members[member], key, value, why);
}

bool
aggregate_refused(void *state)
{
	const struct aggregate *a = state;

	return a->asked != NULL && table_refused(a->asked);
}

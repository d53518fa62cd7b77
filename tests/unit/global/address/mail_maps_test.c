#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "global/address/mail_maps.h"
#include "table/type.h"

/* A table that has nothing, and notes what it was asked for. */
static struct buf asked;
static enum table_kind kind_of_notes;

static void *
note_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	traits->kind = kind_of_notes;
	return mem_string(name);
}

static enum lookup
note_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	if (asked.len > 0)
		buf_putc(&asked, ' ');
	buf_putv(&asked, key);
	return LOOKUP_NONE;
}

static void
note_announce(void *state, struct view key)
{
	buf_printf(&asked, "(%.*s)", VIEW_ARG(key));
}

static const struct table_ops note_ops = { .lookup = note_lookup, .close = mem_free };
static const struct table_ops told_ops = { .lookup = note_lookup, .announce = note_announce, .close = mem_free };
static const struct table_type note = { "note", &note_ops, note_open, false };
static const struct table_type told = { "told", &told_ops, note_open, false };
static const struct table_env env = { .default_type = "hash" };

#define REWRITE	(ADDRESS_KEY_FULL | ADDRESS_KEY_USER | ADDRESS_KEY_AT_DOMAIN)
#define ACCESS	(ADDRESS_KEY_FULL | ADDRESS_KEY_DOMAIN | ADDRESS_KEY_USER_AT)
#define LOGIN	(ADDRESS_KEY_FULL | ADDRESS_KEY_USER_ALWAYS | ADDRESS_KEY_AT_DOMAIN)

static const struct {
	const char *address;
	unsigned keys;
	bool is_local;
	enum table_kind kind;
	const char *asked;
} orders[] = {
	{ "u+e@a.b.c", REWRITE, true,  TABLE_FIXED,   "u+e@a.b.c u@a.b.c u+e u @a.b.c" },
	{ "u+e@a.b.c", REWRITE, false, TABLE_FIXED,   "u+e@a.b.c u@a.b.c @a.b.c" },
	{ "u@a.b.c",   REWRITE, true,  TABLE_FIXED,   "u@a.b.c u @a.b.c" },
	{ "u+e@a.b.c", REWRITE, true,  TABLE_PATTERN, "u+e@a.b.c" },
	{ "u+e@a.b.c", LOGIN,   false, TABLE_FIXED,   "u+e@a.b.c u@a.b.c u+e u @a.b.c" },
	{ "u+e@a.b.c", ACCESS,  false, TABLE_FIXED,   "u+e@a.b.c u@a.b.c a.b.c b.c c u+e@ u@" },
	{ "u@a.b.c",   ACCESS | ADDRESS_PARENT_DOT, false, TABLE_FIXED, "u@a.b.c a.b.c .b.c .c u@" },
	{ "u@[1.2.3.4]", ACCESS, false, TABLE_FIXED,  "u@[1.2.3.4] [1.2.3.4] u@" },
	{ "u+e@a.b.c", ACCESS,  false, TABLE_PATTERN, "u+e@a.b.c" },
	{ "a b+x@c.d", REWRITE, true,  TABLE_FIXED,   "\"a b+x\"@c.d \"a b\"@c.d \"a b+x\" \"a b\" @c.d" },
	{ "user",      REWRITE, true,  TABLE_FIXED,   "user user" },
	{ "",          REWRITE, true,  TABLE_FIXED,   "" },
	{ "owner-l@a.b", REWRITE, false, TABLE_FIXED, "owner-l@a.b @a.b" },
	{ "owner-l@a.b", REWRITE | ADDRESS_SPLIT_OWNER, false, TABLE_FIXED, "owner-l@a.b owner@a.b @a.b" },
};

static void
test_orders(void **state)
{
	table_register(&note);
	table_register(&told);
	for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
		struct buf value = BUF_INIT;
		struct maps *maps;

		kind_of_notes = orders[i].kind;
		maps = maps_open(&env, "title", "note:x", 0);
		buf_reset(&asked);
		assert_int_equal(mail_maps_lookup(maps, view_string(orders[i].address), "+-", orders[i].keys,
		    orders[i].is_local, &value, NULL, NULL), LOOKUP_NONE);
		assert_string_equal(buf_c(&asked), orders[i].asked);
		maps_close(maps);
		buf_fini(&value);
	}
	buf_fini(&asked);
}

/* A table that wants to know hears of the second key before it is asked for the first. */
static void
test_next_key_is_announced(void **state)
{
	static const struct { const char *address, *asked; } rows[] = {
		{ "u@a.b.c", "(u) u@a.b.c u @a.b.c" },
		{ "u+e@a.b.c", "(u@a.b.c) u+e@a.b.c u@a.b.c u+e u @a.b.c" },
	};
	struct maps *maps;
	struct buf value = BUF_INIT;

	kind_of_notes = TABLE_FIXED;
	maps = maps_open(&env, "title", "told:x", 0);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		buf_reset(&asked);
		mail_maps_lookup(maps, view_string(rows[i].address), "+-", REWRITE, true, &value, NULL, NULL);
		assert_string_equal(buf_c(&asked), rows[i].asked);
	}
	maps_close(maps);
	buf_fini(&value);
	buf_fini(&asked);
}

static const struct {
	const char *maps, *address, *value, *extension;
} results[] = {
	{ "inline:{u+e@a.b=x}",        "u+e@a.b", "x",  "" },
	{ "inline:{u@a.b=x}",          "u+e@a.b", "x",  "+e" },
	{ "inline:{u=x}",              "u+e@a.b", "x",  "+e" },
	{ "inline:{u+e=x}",            "u+e@a.b", "x",  "" },
	{ "inline:{@a.b=x}",           "u+e@a.b", "x",  "+e" },
	{ "inline:{@a.b=@c.d}",        "u+e@a.b", "@c.d", "" },
	{ "inline:{@a.b=x,u@a.b=y}",   "u@a.b",   "y",  "" },
	{ "static:x",                  "u+e@a.b", "x",  "" },
};

static void
test_results_and_extensions(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
		struct maps *maps = maps_open(&env, "title", results[i].maps, TABLE_FOLD_FIXED);
		struct buf value = BUF_INIT, extension = BUF_INIT;
		struct table *winner = NULL;

		assert_int_equal(mail_maps_lookup(maps, view_string(results[i].address), "+", REWRITE, true, &value,
		    &extension, &winner), LOOKUP_FOUND);
		assert_string_equal(buf_c(&value), results[i].value);
		assert_string_equal(buf_c(&extension), results[i].extension);
		assert_ptr_equal(winner, maps_at(maps, 0));
		maps_close(maps);
		buf_fini(&value);
		buf_fini(&extension);
	}
}

static void
test_error_stops(void **state)
{
	struct maps *maps = maps_open(&env, "title", "fail:x inline:{u@a.b=y}", 0);
	struct buf value = BUF_INIT, extension = BUF_INIT;

	assert_int_equal(mail_maps_lookup(maps, VIEW("u@a.b"), "+", REWRITE, true, &value, &extension, NULL), LOOKUP_RETRY);
	maps_close(maps);
	buf_fini(&value);
	buf_fini(&extension);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_next_key_is_announced),
		cmocka_unit_test(test_results_and_extensions),
		cmocka_unit_test(test_error_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

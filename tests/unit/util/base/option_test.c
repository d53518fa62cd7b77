#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/base/mem.h"
#include "util/base/option.h"

struct taken {
	bool fast;
	int verbose;
	const char *name;
	int letter;
	const char *value;
};

static void
remember(void *out, int letter, const char *value)
{
	struct taken *taken = out;

	taken->letter = letter;
	taken->value = value;
}

static const struct option_row rows[] = {
	OPTION_FLAG('f', struct taken, fast),
	OPTION_COUNT('v', struct taken, verbose),
	OPTION_TEXT('n', struct taken, name),
	OPTION_CALL('x', remember),
	OPTION_CALL('y', remember),
	OPTION_END
};

static const struct {
	const char *name, *line;		/* words, a blank between them */
	bool good;
	struct taken taken;
	int operands;
} cases[] = {
	{ "nothing",               "",              true,  { 0 }, 0 },
	{ "only operands",         "a b",           true,  { 0 }, 2 },
	{ "flag, count, operand",  "-fvv a",        true,  { .fast = true, .verbose = 2 }, 1 },
	{ "value behind a blank",  "-n me a",       true,  { .name = "me" }, 1 },
	{ "value at once",         "-nme",          true,  { .name = "me" }, 0 },
	{ "the last one counts",   "-n me -n you",  true,  { .name = "you" }, 0 },
	{ "function with a value", "-x 1",          true,  { .letter = 'x', .value = "1" }, 0 },
	{ "function without",      "-y 1",          true,  { .letter = 'y' }, 1 },
	{ "options end",           "-f -- -v",      true,  { .fast = true }, 1 },
	{ "behind an operand",     "a -v",          true,  { 0 }, 2 },
	{ "unknown letter",        "-q",            false, { 0 }, 0 },
	{ "value missing",         "-n",            false, { 0 }, 0 },
	{ "letter without a row",  "-z",            false, { 0 }, 0 },
};

static int
words_of(char *line, char **argv)
{
	static char program[] = "program";
	int argc = 0;

	argv[argc++] = program;
	for (char *word; (word = strsep(&line, " ")) != NULL;)
		if (*word != '\0')
			argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
test_lines(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct taken taken = { 0 };
		char *argv[8], *line = strdup(cases[i].line);
		int argc = words_of(line, argv);

		optind = 0;
		opterr = 0;
		if (options_parse(argc, argv, "+fn:vx:yz", rows, &taken) != cases[i].good)
			fail_msg("%s", cases[i].name);
		if (cases[i].good && (taken.fast != cases[i].taken.fast || taken.verbose != cases[i].taken.verbose ||
		    taken.letter != cases[i].taken.letter || !same(taken.name, cases[i].taken.name) ||
		    !same(taken.value, cases[i].taken.value) || argc - optind != cases[i].operands))
			fail_msg("%s", cases[i].name);
		free(line);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

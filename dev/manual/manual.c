/*
 * manual: makes the pages that speak of parameters, from the registry and the texts of man/parameters.
 *
 *	manual fill TEXTS PAGE		prints the page, its marker replaced by the list of its program's parameters
 *	manual check TEXTS PAGES	holds registry, texts and pages against each other; check-some: the texts that exist
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "fill.h"

static int
usage(void)
{
	fputs("usage: manual fill TEXTS PAGE | manual check TEXTS PAGES | manual check-some TEXTS PAGES\n", stderr);
	return 64;
}

static bool
run(const struct texts *texts, const char *what, const char *path, struct buf *why)
{
	if (strcmp(what, "fill") == 0)
		return fill_page(texts, path, stdout, why);
	return check_texts(texts, path, strcmp(what, "check") == 0);
}

int
main(int argc, char **argv)
{
	struct buf why = BUF_INIT;
	struct texts texts;
	bool good;

	if (argc != 4 ||
	    (strcmp(argv[1], "fill") != 0 && strcmp(argv[1], "check") != 0 && strcmp(argv[1], "check-some") != 0))
		return usage();
	good = texts_load(&texts, argv[2], &why) && run(&texts, argv[1], argv[3], &why);
	if (why.len > 0)
		fprintf(stderr, "manual: %s\n", buf_c(&why));
	texts_fini(&texts);
	buf_fini(&why);
	return good && fflush(stdout) == 0 ? 0 : 1;
}

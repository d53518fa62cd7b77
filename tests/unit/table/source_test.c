#include "support.h"
#include "table/source.h"

static const struct {
	const char *name, *in, *lines;		/* lines as "number=text|" */
} cases[] = {
	{ "empty",                  "",                          "" },
	{ "no line end",            "a 1",                       "1=a 1|" },
	{ "comments and blanks",    "# c\n\n  # d\n \na 1\n",    "5=a 1|" },
	{ "continuation",           "a 1\n\t2\n  3\nb\n",        "1=a 1\t2  3|4=b|" },
	{ "comment in between",     "a 1\n# c\n\n  2\nb\n",      "1=a 1  2|5=b|" },
	{ "trailing blanks",        "a 1 \t\r\nb\r\n",           "1=a 1|2=b|" },
	{ "begins with a blank",    " a 1\nb\n",                 "2=b|" },
	{ "hash inside",            "a #1\n",                    "1=a #1|" },
};

static void
put_lines(struct source *source, struct buf *out)
{
	struct view line;

	while (source_next(source, &line))
		buf_printf(out, "%d=%.*s|", source->line, VIEW_ARG(line));
}

static void
test_texts_and_files(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf from_text = BUF_INIT, from_file = BUF_INIT;
		struct source source;

		source_open_text(&source, view_string(cases[i].in), "text");
		put_lines(&source, &from_text);
		source_close(&source);
		assert_string_equal(buf_c(&from_text), cases[i].lines);

		write_source("source", cases[i].in);
		assert_true(source_open(&source, in_scratch("", "source"), NULL));
		put_lines(&source, &from_file);
		source_close(&source);
		assert_string_equal(buf_c(&from_file), cases[i].lines);
		buf_fini(&from_text);
		buf_fini(&from_file);
	}
}

static void
test_lines_across_blocks(void **state)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct source source;
	struct view line;
	int count = 0;

	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "key%d value\n  more\n", i);
	write_source("big", buf_c(&text));
	assert_true(source_open(&source, in_scratch("", "big"), NULL));
	while (source_next(&source, &line)) {
		buf_reset(&out);
		buf_printf(&out, "key%d value  more", count++);
		assert_true(view_equal(line, buf_view(&out)));
	}
	assert_int_equal(count, 20000);
	source_close(&source);
	buf_fini(&text);
	buf_fini(&out);
}

static void
test_line_without_end_is_bounded(void **state)
{
	struct buf text = BUF_INIT;
	struct source source;
	struct view line;

	buf_reset(&warnings);
	buf_putn(&text, 'x', SOURCE_LINE_MAX + 1);
	source_open_text(&source, buf_view(&text), "text");
	assert_false(source_next(&source, &line));
	assert_true(source.failed);
	assert_warned("too long");
	source_close(&source);
	buf_fini(&text);
}

static void
test_directory_is_no_source(void **state)
{
	struct buf why = BUF_INIT;
	struct source source;

	assert_false(source_open(&source, buf_c(&scratch), &why));
	assert_true(why.len > 0);
	buf_fini(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_and_files),
		cmocka_unit_test(test_lines_across_blocks),
		cmocka_unit_test(test_line_without_end_is_bounded),
		cmocka_unit_test(test_directory_is_no_source),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}

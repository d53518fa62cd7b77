/* The words of notices: what was taken from a file stands in a file again, and is taken again as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "global/dsn/bounce_template.h"
#include "util/log/log.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expect_same(const struct bounce_template *a, const struct bounce_template *b)
{
	if (!view_equal(a->charset, b->charset) || !view_equal(a->from, b->from) || !view_equal(a->subject, b->subject) ||
	    !view_equal(a->text, b->text))
		abort();
}

/* "EOF" is the word that ends it there. */
static bool
may_be_written(const struct bounce_template *template)
{
	struct view rest = template->text, line;

	while (view_split(rest, '\n', &line, &rest))
		if (view_is(line, "EOF"))
			return false;
	return view_find(template->charset, '\0') < 0 && view_find(template->from, '\0') < 0 &&
	    view_find(template->subject, '\0') < 0 && view_find(template->postmaster_subject, '\0') < 0;
}

static void
round_trip(const struct bounce_template *template)
{
	struct bounce_templates again;
	struct buf out = BUF_INIT;

	bounce_templates_init(&again);
	bounce_template_put(&out, template, template->text);
	if (bounce_templates_parse(&again, buf_view(&out), "again"))
		for (size_t i = 0; i < TEMPLATE_COUNT; i++)
			if (strcmp(again.list[i].name, template->name) == 0)
				expect_same(template, &again.list[i]);
	bounce_templates_fini(&again);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bounce_templates templates;

	log_to_stderr(false);
	bounce_templates_init(&templates);
	bounce_templates_parse(&templates, view_bytes(data, size), "fuzz");
	for (size_t i = 0; i < TEMPLATE_COUNT; i++)
		if (may_be_written(&templates.list[i]))
			round_trip(&templates.list[i]);
	bounce_templates_fini(&templates);
	return 0;
}

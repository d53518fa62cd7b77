#include "check.h"

#include <stdio.h>
#include <unistd.h>

#include "describe.h"
#include "fill.h"

/* Engines that are not there yet, whose parameters are described already. */
static const char *const later[] = { "postscreen", "dnsblog", "tlsproxy", "posttls-finger" };

static bool
complain(const struct text *text, const char *what, struct view which)
{
	printf("%s:%d: %.*s: %s%.*s\n", text->file, text->line, VIEW_ARG(text->name), what, VIEW_ARG(which));
	return false;
}

static bool
is_later(struct view program)
{
	for (size_t i = 0; i < ARRAY_COUNT(later); i++)
		if (view_is(program, later[i]))
			return true;
	return false;
}

static bool
is_group(struct view program)
{
	return view_is(program, "all") || view_is(program, "daemons");
}

static bool
check_program(const struct text *text, const char *pages, struct view name, struct view section)
{
	struct buf path = BUF_INIT;
	bool good = true;

	if (view_empty(section))
		return is_group(name) || complain(text, "not a program: ", name);
	buf_printf(&path, "%s/man%.*s/%.*s.%.*s", pages, VIEW_ARG(section), VIEW_ARG(name), VIEW_ARG(section));
	if (access(buf_c(&path), R_OK) == 0)
		good = fill_has_marker(buf_c(&path)) || complain(text, "no list of parameters in ", buf_view(&path));
	else
		good = is_later(name) || complain(text, "no page for ", name);
	buf_fini(&path);
	return good;
}

static bool
check_text(const struct texts *texts, const struct text *text, const char *pages)
{
	struct view list = text->programs, name, section;
	bool good = true;

	if (param_find(text->name) == NULL)
		good = complain(text, "not in the registry", VIEW_EMPTY);
	if (texts_find(texts, text->name) != text)
		good = complain(text, "described twice", VIEW_EMPTY);
	while (texts_program(&list, &name, &section))
		good = check_program(text, pages, name, section) && good;
	return good;
}

static bool
check_rows(const struct texts *texts)
{
	const struct param *param;
	bool good = true;

	for (size_t i = 0; (param = param_at(i)) != NULL; i++) {
		if (texts_find(texts, view_string(param->name)) != NULL || describe_twin(param) != NULL)
			continue;
		printf("man/parameters: no text for %s\n", param->name);
		good = false;
	}
	return good;
}

bool
check_texts(const struct texts *texts, const char *pages, bool complete)
{
	bool good = !complete || check_rows(texts);

	LIST_FOREACH(text, &texts->entries, struct text, link)
		good = check_text(texts, text, pages) && good;
	return good;
}

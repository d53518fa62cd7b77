#include "texts.h"

#include <dirent.h>
#include <stdlib.h>

#include "util/file/file.h"

enum { FILE_MAX = 4 << 20 };

static bool
next_line(struct view *rest, struct view *line)
{
	ptrdiff_t end = view_find(*rest, '\n');
	size_t len = end < 0 ? rest->len : (size_t)end + 1;

	*line = view_slice(*rest, 0, len);
	*rest = view_slice(*rest, len, rest->len);
	return line->len > 0;
}

/* The lines up to the first that ends in a period. */
static struct view
first_sentence(struct view body)
{
	struct view rest = body, line;

	while (next_line(&rest, &line))
		if (view_ends(view_trim(line), VIEW(".")))
			break;
	return view_slice(body, 0, body.len - rest.len);
}

/* "== name: program(8) ..." */
static struct text *
entry_begin(struct texts *texts, struct view line, const char *file, int number, struct buf *why)
{
	struct text *text = arena_alloc(&texts->arena, sizeof(*text));

	if (!view_split(view_slice(line, 3, line.len), ':', &text->name, &text->programs)) {
		why_set(why, "%s:%d: an entry is \"== name: programs\"", file, number);
		return NULL;
	}
	text->name = view_trim(text->name);
	text->programs = view_trim(text->programs);
	text->file = file;
	text->line = number;
	list_append(&texts->entries, &text->link);
	return text;
}

static bool
entry_end(struct text *text, struct buf *why)
{
	if (text == NULL)
		return true;
	text->summary = first_sentence(text->body);
	if (view_ends(view_trim(text->summary), VIEW(".")) && !view_empty(text->programs))
		return true;
	why_set(why, "%s:%d: %.*s: no programs, or no sentence that ends a line", text->file, text->line,
	    VIEW_ARG(text->name));
	return false;
}

static bool
parse(struct texts *texts, struct view rest, const char *file, struct buf *why)
{
	struct text *text = NULL;
	struct view line;

	for (int number = 1; next_line(&rest, &line); number++) {
		if (!view_starts(line, VIEW("== "))) {
			if (text != NULL)
				text->body.len += line.len;
			continue;
		}
		if (!entry_end(text, why) || (text = entry_begin(texts, line, file, number, why)) == NULL)
			return false;
		text->body = (struct view){ line.data + line.len, 0 };
	}
	return entry_end(text, why);
}

static bool
load_file(struct texts *texts, const char *directory, const char *name, struct buf *why)
{
	const char *path = arena_printf(&texts->arena, "%s/%s", directory, name).data;
	struct buf content = BUF_INIT;
	bool good = file_read_all(path, FILE_MAX, &content, why) &&
	    parse(texts, arena_view(&texts->arena, buf_view(&content)), path, why);

	buf_fini(&content);
	return good;
}

static int
is_text(const struct dirent *entry)
{
	return view_ends(view_string(entry->d_name), VIEW(".mdoc"));
}

bool
texts_load(struct texts *texts, const char *directory, struct buf *why)
{
	struct dirent **names = NULL;
	int count = scandir(directory, &names, is_text, alphasort);
	bool good = true;

	list_init(&texts->entries);
	arena_init(&texts->arena);
	for (int i = 0; i < count; i++) {
		good = good && load_file(texts, directory, names[i]->d_name, why);
		free(names[i]);
	}
	free(names);
	return good;
}

void
texts_fini(struct texts *texts)
{
	arena_fini(&texts->arena);
}

const struct text *
texts_find(const struct texts *texts, struct view name)
{
	LIST_FOREACH(text, &texts->entries, struct text, link)
		if (view_equal(text->name, name))
			return text;
	return NULL;
}

bool
texts_program(struct view *list, struct view *name, struct view *section)
{
	struct view word;

	if (!view_word(list, " ,\t", &word))
		return false;
	if (!view_ends(word, VIEW(")")) || !view_split(view_slice(word, 0, word.len - 1), '(', name, section)) {
		*name = word;
		*section = VIEW_EMPTY;
	}
	return true;
}

bool
text_names_program(const struct text *text, struct view name, struct view section)
{
	struct view list = text->programs, n, s;

	while (texts_program(&list, &n, &s))
		if (view_equal(n, name) && view_equal(s, section))
			return true;
	return false;
}

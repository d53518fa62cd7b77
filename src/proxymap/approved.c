#include "proxymap/approved.h"

#include "table/source.h"
#include "util/base/hash.h"
#include "util/log/log.h"
#include "util/text/words.h"

enum { DEPTH_MAX = 20 };	/* braces in classes in files */

struct approved {
	struct config *config;
	struct view classes;		/* smtpd_restriction_classes */
	struct hash *tables;
	struct hash *seen;		/* classes and files that were read */
};

static void	add_words(struct approved *approved, struct view list, bool files, int depth);

/* What begins with a slash may as well be a pattern; and a file that is missing is warned about by whoever needs it. */
static void
add_file(struct approved *approved, struct view path, int depth)
{
	struct buf name = BUF_INIT;
	struct source source;
	struct view line;

	buf_putv(&name, path);
	if (source_open(&source, buf_c(&name), NULL)) {
		while (source_next(&source, &line))
			add_words(approved, line, true, depth);
		source_close(&source);
	}
	buf_fini(&name);
}

static void
add_class(struct approved *approved, struct view name, int depth)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	const char *value;

	buf_putv(&text, name);
	if ((value = config_string(approved->config, buf_c(&text), &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	add_words(approved, view_string(value), true, depth);
	buf_fini(&text);
	buf_fini(&why);
}

/* What stands in braces is never the name of a file: it may be the text of a table, such as "/pattern/ result". */
static void
add_word(struct approved *approved, struct view word, bool files, int depth)
{
	static char known;
	ptrdiff_t brace = view_find(word, '{');

	while (word.len > 0 && word.data[0] == '!')
		word = view_slice(word, 1, word.len);
	if (view_starts(word, VIEW("proxy:")))
		hash_put(approved->tables, view_slice(word, sizeof("proxy:") - 1, word.len), &known);
	if (brace >= 0)		/* a table of tables, or restrictions with options */
		add_words(approved, view_slice(word, (size_t)brace + 1, word.len - 1), false, depth);
	else if (files && word.len > 0 && word.data[0] == '/' && hash_put(approved->seen, word, &known) == NULL)
		add_file(approved, word, depth);
	else if (words_contain(approved->classes, word) && hash_put(approved->seen, word, &known) == NULL)
		add_class(approved, word, depth);
}

static void
add_words(struct approved *approved, struct view list, bool files, int depth)
{
	struct view word;

	while (depth < DEPTH_MAX && words_next(&list, &word, NULL))
		add_word(approved, word, files, depth + 1);
}

struct approved *
approved_read(struct config *config, const char *parameter)
{
	struct approved *approved = mem_new(sizeof(*approved));
	struct buf why = BUF_INIT;
	const char *list = config_string(config, parameter, &why);
	const char *classes = config_string(config, "smtpd_restriction_classes", &why);

	if (list == NULL || classes == NULL)
		log_fatal("%s", buf_c(&why));
	approved->config = config;
	approved->classes = view_string(classes);
	approved->tables = hash_new();
	approved->seen = hash_new();
	add_words(approved, view_string(list), true, 0);
	buf_fini(&why);
	return approved;
}

bool
approved_has(const struct approved *approved, struct view table)
{
	return hash_get(approved->tables, table) != NULL;
}

struct walk {
	void (*each)(struct view table, void *arg);
	void *arg;
};

static bool
step(struct view table, void *value, void *arg)
{
	const struct walk *walk = arg;

	walk->each(table, walk->arg);
	return true;
}

void
approved_each(const struct approved *approved, void (*each)(struct view table, void *arg), void *arg)
{
	struct walk walk = { each, arg };

	hash_each(approved->tables, step, &walk);
}

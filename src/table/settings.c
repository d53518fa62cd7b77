#include "table/settings.h"

#include "table/source.h"
#include "util/base/arena.h"
#include "util/base/number.h"

struct setting {
	struct view name, value;	/* in the arena; the value ends in NUL */
};

struct settings {
	const struct table_env *env;
	char *title;
	const char *prefix;		/* in main.cf; NULL: a file */
	struct arena arena;
	struct setting *list;		/* in the order of the file: the last of a name counts */
	size_t count;
	struct stat st;
};

static bool
is_path(const char *name)
{
	return name[0] == '/' || name[0] == '.';
}

static bool
take_line(struct settings *s, const struct source *source, struct view line, struct buf *why)
{
	struct view name, value;

	if (!view_split(line, '=', &name, &value) || (name = view_trim(name)).len == 0) {
		why_set(why, "%s, line %d: need \"name = value\"", source->name, source->line);
		return false;
	}
	s->list = mem_resize(s->list, (s->count + 1) * sizeof(*s->list));
	s->list[s->count++] = (struct setting){ arena_view(&s->arena, name), arena_view(&s->arena, view_trim(value)) };
	return true;
}

static bool
read_file(struct settings *s, const char *path, struct buf *why)
{
	struct source source;
	struct view line;
	bool good = true;

	if (!source_open(&source, path, why))
		return false;
	s->st = source.st;
	while (good && source_next(&source, &line))
		good = take_line(s, &source, line, why);
	if (good && source.failed) {
		why_set(why, "%s could not be read to its end", path);
		good = false;
	}
	source_close(&source);
	return good;
}

struct settings *
settings_open(const struct table_env *env, const char *type, const char *name, struct buf *why)
{
	struct settings *s = mem_new(sizeof(*s));
	struct buf title = BUF_INIT;

	arena_init(&s->arena);
	buf_printf(&title, "%s:%s", type, name);
	s->title = buf_detach(&title);
	s->env = env;
	if (!is_path(name)) {
		s->prefix = arena_string(&s->arena, view_string(name));
		return s;
	}
	if (read_file(s, name, why))
		return s;
	settings_free(s);
	return NULL;
}

/* Passwords are among them. */
static void
forget(struct settings *s)
{
	for (size_t i = 0; i < s->count; i++)
		mem_wipe((char *)(uintptr_t)s->list[i].value.data, s->list[i].value.len);
}

void
settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	forget(s);
	arena_fini(&s->arena);
	mem_free(s->list);
	mem_free(s->title);
	mem_free(s);
}

const char *
settings_title(const struct settings *s)
{
	return s->title;
}

void
settings_traits(const struct settings *s, struct table_traits *traits)
{
	traits->owner = s->st.st_uid;
	traits->owner_trusted = true;
}

static const char *
from_main_cf(struct settings *s, const char *name)
{
	struct buf full = BUF_INIT;
	const char *value = NULL;

	buf_printf(&full, "%s_%s", s->prefix, name);
	if (s->env->setting != NULL)
		value = s->env->setting(s->env->arg, buf_c(&full));
	buf_fini(&full);
	return value != NULL ? arena_string(&s->arena, view_string(value)) : NULL;
}

const char *
settings_text(struct settings *s, const char *name, const char *otherwise)
{
	const char *value = NULL;

	if (s->prefix != NULL)
		value = from_main_cf(s, name);
	for (size_t i = s->count; i > 0 && value == NULL; i--)
		if (view_is(s->list[i - 1].name, name))
			value = s->list[i - 1].value.data;
	return value != NULL ? value : otherwise;
}

bool
settings_number(struct settings *s, const char *name, int min, int max, int otherwise, int *out, struct buf *why)
{
	const char *text = settings_text(s, name, NULL);
	long long number = otherwise;

	if (text != NULL && !number_parse(text, min, max, &number)) {
		why_set(why, "%s: %s = %s: need a number from %d to %d", s->title, name, text, min, max);
		return false;
	}
	*out = (int)number;
	return true;
}

bool
settings_yes(struct settings *s, const char *name, bool otherwise, bool *out, struct buf *why)
{
	const char *text = settings_text(s, name, otherwise ? "yes" : "no");
	bool yes = view_is_nocase(view_string(text), "yes");

	if (!yes && !view_is_nocase(view_string(text), "no")) {
		why_set(why, "%s: %s = %s: need \"yes\" or \"no\"", s->title, name, text);
		return false;
	}
	*out = yes;
	return true;
}

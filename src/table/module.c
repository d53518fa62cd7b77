#include "table/module.h"

#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>

#include "table/host.h"
#include "util/log/log.h"
#include "util/text/chars.h"

static const struct table_host host = {
	.mem_new = mem_new,
	.mem_free = mem_free,
	.mem_string = mem_string,
	.buf_reserve = buf_reserve,
	.buf_added = buf_added,
	.buf_put = buf_put,
	.buf_printf = buf_printf,
	.buf_fini = buf_fini,
	.why_set = why_set,
	.log_warn = log_warn,
	.clock_now = clock_now,
	.settings_open = settings_open,
	.settings_free = settings_free,
	.settings_title = settings_title,
	.settings_traits = settings_traits,
	.settings_text = settings_text,
	.settings_number = settings_number,
	.settings_yes = settings_yes,
	.query_open = query_open,
	.query_close = query_close,
	.query_check = query_check,
	.query_eligible = query_eligible,
	.query_expand = query_expand,
	.query_begin = query_begin,
	.query_add = query_add,
	.query_end = query_end,
	.sql_open = sql_open,
	.sql_close = sql_close,
	.sql_lookup = sql_lookup,
};

/* Modules stay for the life of the process: libraries do not like to be unloaded. */
enum { LOADED_MAX = 16 };
static const struct table_type *loaded[LOADED_MAX];
static size_t loaded_count;

static bool
is_plain(struct view type)
{
	for (size_t i = 0; i < type.len; i++)
		if (!char_is(type.data[i], CHAR_DIGIT | CHAR_ALPHA))
			return false;
	return type.len > 0;
}

static const char *
directory_of(const struct table_env *env)
{
	return env->setting != NULL ? env->setting(env->arg, "shlib_directory") : NULL;
}

static const struct table_type *
attach(void *library, const char *path, struct view type, struct buf *why)
{
	const struct table_module *module = dlsym(library, "table_module");

	if (module == NULL || module->abi != TABLE_MODULE_ABI) {
		why_set(why, "%s belongs to another release; install the one that came with this program", path);
	} else if (!view_is(type, module->type->name)) {
		why_set(why, "%s holds the type %s", path, module->type->name);
	} else {
		module->attach(&host);
		return module->type;
	}
	return NULL;
}

static const struct table_type *
load(const char *path, struct view type, struct buf *why)
{
	const struct table_type *found;
	void *library;

	if (access(path, F_OK) == -1) {
		why_set(why, "unsupported dictionary type: %.*s (there is no %s)", VIEW_ARG(type), path);
		return NULL;
	}
	if ((library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) == NULL) {
		why_set(why, "unsupported dictionary type: %.*s (%s)", VIEW_ARG(type), dlerror());
		return NULL;
	}
	if ((found = attach(library, path, type, why)) == NULL)
		dlclose(library);
	else if (loaded_count < LOADED_MAX)
		loaded[loaded_count++] = found;
	return found;
}

const struct table_type *
module_load(const struct table_env *env, struct view type, struct buf *why)
{
	const struct table_type *found;
	struct buf path = BUF_INIT;

	for (size_t i = 0; i < loaded_count; i++)
		if (view_is(type, loaded[i]->name))
			return loaded[i];
	if (!is_plain(type) || directory_of(env) == NULL) {
		why_set(why, "unsupported dictionary type: %.*s", VIEW_ARG(type));
		return NULL;
	}
	buf_printf(&path, "%s/table-%.*s.so", directory_of(env), VIEW_ARG(type));
	found = load(buf_c(&path), type, why);
	buf_fini(&path);
	return found;
}

void
module_each(const struct table_env *env, void (*each)(const char *name, void *arg), void *arg)
{
	const char *directory = directory_of(env);
	DIR *dir = directory != NULL ? opendir(directory) : NULL;
	struct dirent *entry;
	struct buf text = BUF_INIT;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct view name = view_string(entry->d_name);

		if (!view_starts(name, VIEW("table-")) || !view_ends(name, VIEW(".so")))
			continue;
		buf_set(&text, view_slice(name, strlen("table-"), name.len - strlen(".so")));
		if (is_plain(buf_view(&text)))
			each(buf_c(&text), arg);
	}
	if (dir != NULL)
		closedir(dir);
	buf_fini(&text);
}

#include "global/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <config.h>	/* the build's own, not that of this folder */
#include "global/config/compute.h"
#include "global/config/expand.h"
#include "global/config/internal.h"
#include "global/config/snapshot.h"
#include "util/log/log.h"
#include "util/text/words.h"

enum { LOOKUPS_MAX = 100000 };		/* for one value: references that multiply are no configuration */

struct config *
config_new(const char *directory)
{
	struct config *config = mem_new(sizeof(*config));

	arena_init(&config->arena);
	config->by_name = hash_new();
	list_init(&config->settings);
	config->directory = arena_string(&config->arena, view_string(directory));
	config->path = arena_printf(&config->arena, "%s/main.cf", directory).data;
	return config;
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	hash_free(config->by_name, NULL);
	arena_fini(&config->arena);
	mem_free(config);
}

struct config *
config_empty(const char *asked)
{
	return config_new(config_directory_in_use(asked));
}

void
config_add(struct config *config, struct view name, struct view raw, int line)
{
	struct setting *setting = hash_get(config->by_name, name);

	if (setting == NULL) {
		setting = arena_alloc(&config->arena, sizeof(*setting));
		setting->name = arena_string(&config->arena, name);
		list_append(&config->settings, &setting->link);
		hash_put(config->by_name, name, setting);
	}
	setting->raw = arena_string(&config->arena, raw);
	setting->line = line;
}

void
config_override(struct config *config, struct view name, struct view value)
{
	config_add(config, name, value, SETTING_OF_OPTION);
}

void
config_set_service(struct config *config, const char *service_name, const char *process_name)
{
	config->service_name = arena_string(&config->arena, view_string(service_name));
	config->process_name = arena_string(&config->arena, view_string(process_name));
}

const char *
config_directory(const struct config *config)
{
	return config->directory;
}

/* -- loading --------------------------------------------------------------------------------------------------------- */

/* The last one counts; one that says something else was hardly meant. */
static bool
add_setting(struct view name, struct view value, int line, void *arg)
{
	struct config *config = arg;
	const struct setting *earlier = hash_get(config->by_name, name);

	if (earlier != NULL && !view_is(value, earlier->raw))
		log_warn("%s, line %d: overriding earlier entry: %.*s=%s", config->path, line, VIEW_ARG(name), earlier->raw);
	config_add(config, name, value, line);
	return true;
}

static struct config *
load_file(const char *directory, struct buf *why)
{
	struct config *config = config_new(directory);
	struct buf text = BUF_INIT;
	bool done;

	done = main_cf_read(config->path, &text, &config->id, why) &&
	    main_cf_parse(buf_view(&text), config->path, add_setting, config, why);
	buf_fini(&text);
	if (done)
		return config;
	config_free(config);
	return NULL;
}

static bool
lists_directory(struct config *config, const char *parameter, const char *directory)
{
	struct view rest = view_string(config_string(config, parameter, NULL)), word;

	while (words_next(&rest, &word, NULL))
		if (view_is(word, directory))
			return true;
	return false;
}

/*
 * A set-gid command must not obey the configuration of whoever calls it: other directories than the built-in one count
 * only when the main.cf there names them.
 */
static bool
directory_allowed(const char *directory, struct buf *why)
{
	struct config *config;
	bool allowed;

	if (getauxval(AT_SECURE) == 0 || getuid() == 0 || strcmp(directory, DEFAULT_CONFIG_DIRECTORY) == 0)
		return true;
	if ((config = load_file(DEFAULT_CONFIG_DIRECTORY, why)) == NULL)
		return false;
	allowed = lists_directory(config, "alternate_config_directories", directory) ||
	    lists_directory(config, "multi_instance_directories", directory);
	if (!allowed)
		why_set(why, "unauthorized configuration directory name: %s; "
		    "it must be listed in alternate_config_directories or multi_instance_directories of %s",
		    directory, config->path);
	config_free(config);
	return allowed;
}

const char *
config_directory_in_use(const char *asked)
{
	const char *environment = getenv("MAIL_CONFIG");

	if (asked != NULL)
		return asked;
	return environment != NULL && environment[0] != '\0' ? environment : DEFAULT_CONFIG_DIRECTORY;
}

struct config *
config_load(const char *asked, struct buf *why)
{
	const char *directory = config_directory_in_use(asked);

	struct config *config = directory_allowed(directory, why) ? load_file(directory, why) : NULL;

	if (config != NULL)
		config_apply_prefix(config);
	return config;
}

struct config *
config_load_for_service(struct buf *why)
{
	struct config *config = snapshot_load(config_directory_in_use(NULL));

	return config != NULL ? config : config_load(NULL, why);
}

/* -- values ---------------------------------------------------------------------------------------------------------- */

const struct param *
config_param(struct view name)
{
	const struct param *param = param_find(name);

	return param != NULL ? param : param_find_transport(name, NULL);
}

bool
param_is_raw(const struct param *param)
{
	switch (param->type) {
	case PARAM_RAW:
	case PARAM_RAW_CHARACTERS:
	case PARAM_RAW_PATH:
	case PARAM_RAW_COMMAND:
		return true;
	default:
		return false;
	}
}

bool
param_is_read_only(const struct param *param)
{
	return param->type == PARAM_READ_ONLY || param->type == PARAM_READ_ONLY_INT ||
	    strcmp(param->name, "config_directory") == 0;
}

struct setting *
config_setting(const struct config *config, struct view name)
{
	struct setting *setting = hash_get(config->by_name, name);
	const struct param *param;

	if (setting == NULL)
		return NULL;
	param = param_find(name);
	return param != NULL && param_is_read_only(param) ? NULL : setting;
}

static bool	named_value(void *arg, struct view name, struct buf *out, struct buf *why);
static bool	has_text(void *arg, struct view name);

static bool
expanded(struct config *config, struct view name, const char *raw, struct buf *out, struct buf *why)
{
	const struct expand_names names = { named_value, has_text, config };
	struct buf value = BUF_INIT;
	bool done;

	done = expand_text(&names, view_string(raw), &value, why) && compute_file_value(name, &value, why);
	if (done)
		buf_putv(out, buf_view(&value));
	buf_fini(&value);
	return done;
}

static bool
value_of(struct config *config, struct view name, struct buf *out, struct buf *why)
{
	const struct setting *setting = config_setting(config, name);
	const struct param *param;

	if (setting != NULL)
		return expanded(config, name, setting->raw, out, why);
	if ((param = config_param(name)) == NULL)
		return true;
	if (param->default_text != NULL)
		return expanded(config, name, param->default_text, out, why);
	return compute_default(config, param->name, out, why);
}

bool
config_value(struct config *config, struct view name, struct buf *out, struct buf *why)
{
	bool done;

	if (config->depth == 0)
		config->lookups = 0;
	if (config->depth >= EXPAND_DEPTH_MAX || ++config->lookups > LOOKUPS_MAX) {
		why_set(why, "%.*s: references to other parameters go round in a circle, or nest too deep", VIEW_ARG(name));
		return false;
	}
	config->depth++;
	done = value_of(config, name, out, why);
	config->depth--;
	return done;
}

static bool
named_value(void *arg, struct view name, struct buf *out, struct buf *why)
{
	return config_value(arg, name, out, why);
}

static bool
has_text(void *arg, struct view name)
{
	const struct setting *setting = config_setting(arg, name);
	const struct param *param;

	if (setting != NULL)
		return setting->raw[0] != '\0';
	param = config_param(name);
	return param != NULL && (param->default_text == NULL || param->default_text[0] != '\0');
}

bool
config_expand(struct config *config, struct view text, struct buf *out, struct buf *why)
{
	const struct expand_names names = { named_value, has_text, config };

	return expand_text(&names, text, out, why);
}

const char *
config_default(struct config *config, const char *name)
{
	const struct param *param = config_param(view_string(name));
	struct buf value = BUF_INIT;
	const char *text;

	if (param == NULL || param->default_text != NULL)
		return param != NULL ? param->default_text : NULL;
	compute_default(config, param->name, &value, NULL);
	text = arena_string(&config->arena, buf_view(&value));
	buf_fini(&value);
	return text;
}

const char *
config_raw(struct config *config, const char *name)
{
	const struct setting *setting = config_setting(config, view_string(name));

	return setting != NULL ? setting->raw : config_default(config, name);
}

void
config_each_setting(const struct config *config, void (*each)(const char *name, const char *raw, int line, void *arg),
    void *arg)
{
	LIST_FOREACH(setting, &config->settings, struct setting, link)
		each(setting->name, setting->raw, setting->line, arg);
}

bool
config_is_set(struct config *config, const char *name)
{
	return config_setting(config, view_string(name)) != NULL;
}

const char *
config_where(struct config *config, const char *name)
{
	const struct setting *setting = config_setting(config, view_string(name));

	if (setting == NULL)
		return "default";
	if (setting->line == SETTING_OF_OPTION)
		return "option -o";
	if (setting->line == SETTING_OF_PREFIX)
		return PREFIX_ENV;
	return arena_printf(&config->arena, "%s, line %d", config->path, setting->line).data;
}

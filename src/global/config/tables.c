#include "global/config/tables.h"

#include <errno.h>
#include <unistd.h>

#include "global/config/internal.h"

struct table_settings {
	struct config *config;
	bool smtputf8;
	const char *default_type;
	int read_cache, create_cache;
	long long lmdb_map_size;
	struct table_env env;
};

static const struct binding bindings[] = {
	BIND_BOOL(struct table_settings, smtputf8, "smtputf8_enable"),
	BIND_STRING(struct table_settings, default_type, "default_database_type"),
	BIND_INT(struct table_settings, read_cache, "berkeley_db_read_buffer_size"),
	BIND_INT(struct table_settings, create_cache, "berkeley_db_create_buffer_size"),
	BIND_LONG(struct table_settings, lmdb_map_size, "lmdb_map_size"),
	BIND_END
};

static const char *
setting(void *arg, const char *name)
{
	struct config *config = arg;

	if (!config_is_set(config, name) && config_param(view_string(name)) == NULL)
		return NULL;
	return config_string(config, name, NULL);
}

const struct table_env *
config_table_env(struct config *config, struct buf *why)
{
	struct table_settings *s = arena_alloc(&config->arena, sizeof(*s));

	if (!config_bind(config, bindings, s, why))
		return NULL;
	s->env = (struct table_env){
		.utf8 = s->smtputf8,
		.setting = setting,
		.arg = config,
		.lmdb_map_size = (size_t)s->lmdb_map_size,
		.bdb_read_cache = (size_t)s->read_cache,
		.bdb_create_cache = (size_t)s->create_cache,
		.default_type = s->default_type,
		.config_directory = config->directory,
	};
	return &s->env;
}

bool
config_chdir_queue(struct config *config, struct buf *why)
{
	const char *directory = config_string(config, "queue_directory", why);

	if (directory == NULL)
		return false;
	if (chdir(directory) == 0)
		return true;
	why_set(why, "chdir %s: %s", directory, strerror(errno));
	return false;
}

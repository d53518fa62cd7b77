/*
 * internal: the insides of struct config, for the files of this folder only.
 */
#ifndef GLOBAL_CONFIG_INTERNAL_H
#define GLOBAL_CONFIG_INTERNAL_H

#include "global/config/config.h"
#include "global/config/main_cf.h"
#include "global/config/param.h"
#include "util/base/arena.h"
#include "util/base/hash.h"
#include "util/base/list.h"

enum { SETTING_OF_OPTION = 0, SETTING_OF_PREFIX = -1 };

struct setting {
	struct list link;		/* in config.settings */
	const char *name, *raw;
	int line;			/* of main.cf, or who laid it over that */
};

struct config {
	struct arena arena;		/* all strings */
	struct hash *by_name;		/* name → struct setting */
	struct list settings;		/* in the order of main.cf */
	const char *directory, *path;	/* of main.cf */
	struct file_identity id;	/* of main.cf as read */
	const char *service_name, *process_name;
	int depth;			/* of references being followed */
	int lookups;			/* since the outermost one */
};

struct config	*config_new(const char *directory);
void		 config_add(struct config *config, struct view name, struct view raw, int line);
struct setting	*config_setting(const struct config *config, struct view name);	/* NULL: not set, or may not be */

/* The row that governs a name: its own, or that of its kind for any transport. NULL: a name of the administrator's. */
const struct param *config_param(struct view name);
bool		 param_is_read_only(const struct param *param);

/* Lets the places of programs be those below $POSTHASTE_PREFIX, for root and for whom config_directory belongs to. */
void		 config_apply_prefix(struct config *config);

/* Appends the value of a name, expanded; nothing when it is unknown. */
bool		 config_value(struct config *config, struct view name, struct buf *out, struct buf *why);

#endif

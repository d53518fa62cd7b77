/*
 * settings: the parameters of one table. `type:/path` has them in that file, as `name = value` lines; `type:name` has
 * them in main.cf with the name in front (name_query = …), where $parameters are expanded.
 */
#ifndef TABLE_SETTINGS_H
#define TABLE_SETTINGS_H

#include "table/type.h"

struct settings;

struct settings	*settings_open(const struct table_env *env, const char *type, const char *name, struct buf *why);
void		 settings_free(struct settings *settings);
const char	*settings_title(const struct settings *settings);	/* "mysql:/etc/postfix/x.cf", for messages */
/* The owner of the content is the owner of the file; main.cf can be trusted. */
void		 settings_traits(const struct settings *settings, struct table_traits *traits);

/* Lives as long as the settings. otherwise: when it is not set; may be NULL. */
const char	*settings_text(struct settings *settings, const char *name, const char *otherwise);
/* False, and why, when it is set to something else. */
bool		 settings_number(struct settings *settings, const char *name, int min, int max, int otherwise, int *out,
		    struct buf *why);
bool		 settings_yes(struct settings *settings, const char *name, bool otherwise, bool *out, struct buf *why);

#endif

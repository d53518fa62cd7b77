/*
 * maps: a list of tables asked in order. The first non-empty result wins; an error stops with LOOKUP_RETRY; an empty
 * result draws a warning and counts as none.
 */
#ifndef TABLE_MAPS_H
#define TABLE_MAPS_H

#include "table/table.h"

struct maps;

/* title: the parameter's name, for messages. list: as in main.cf, expanded. Broken tables stay in the list and err. */
struct maps	*maps_open(const struct table_env *env, const char *title, const char *list, unsigned flags);
void		 maps_close(struct maps *maps);
bool		 maps_empty(const struct maps *maps);
bool		 maps_stable(const struct maps *maps);
bool		 maps_changed(struct maps *maps, const char **which);
struct table	*maps_at(struct maps *maps, size_t i);	/* NULL behind the last */

/* fixed_only: a partial key: pattern tables are not asked. winner (may be NULL): the table that answered. */
/* Behind LOOKUP_RETRY maps_refused() tells whether the failing table did so for good: see table_refused(). */
enum lookup	 maps_lookup(struct maps *maps, struct view key, bool fixed_only, struct buf *value, struct table **winner);
bool		 maps_refused(const struct maps *maps);

/* As table_announce(), to all tables that want it. */
bool		 maps_wants_announcements(const struct maps *maps);
void		 maps_announce(struct maps *maps, struct view key);

#endif

/*
 * compatibility: the safety net of whoever comes from an older release: defaults that have changed since keep their old
 * form below some compatibility_level, and where such a one decides about mail the log says so. What is set in main.cf,
 * or by -o, needs no net.
 */
#ifndef GLOBAL_CONFIG_COMPATIBILITY_H
#define GLOBAL_CONFIG_COMPATIBILITY_H

#include "global/config/config.h"

#define COMPATIBILITY_LATEST	"3.11"		/* from here on no default has an old form */

bool	compatibility_below(struct config *config, const char *level);
/* Is this parameter unset, and its default the one of an older release? Bind it by BIND_OLD_DEFAULT. */
bool	compatibility_old_default(struct config *config, const char *name);
/* "using backwards-compatible default setting …", once for each use. */
void	compatibility_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

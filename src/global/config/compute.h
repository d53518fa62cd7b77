/*
 * compute: defaults that are facts of the host or of the process, found out when they are asked for.
 */
#ifndef GLOBAL_CONFIG_COMPUTE_H
#define GLOBAL_CONFIG_COMPUTE_H

#include "global/config/config.h"

/* Appends the default of a row without default text. */
bool	compute_default(struct config *config, const char *name, struct buf *out, struct buf *why);
/* myorigin = /etc/mailname: a value that is a path stands for the first line of that file. Replaces *value. */
bool	compute_file_value(struct view name, struct buf *value, struct buf *why);

#endif

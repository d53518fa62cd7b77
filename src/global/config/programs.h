/*
 * programs: does daemon_directory hold our programs, or those of another mail system that had the place before?
 */
#ifndef GLOBAL_CONFIG_PROGRAMS_H
#define GLOBAL_CONFIG_PROGRAMS_H

#include "global/config/config.h"

/* False with one line that says where the directory was set. */
bool	programs_are_ours(struct config *config, struct buf *why);

#endif

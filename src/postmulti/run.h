/* run: programs for an instance, which find its places in their environment. */
#ifndef POSTMULTI_RUN_H
#define POSTMULTI_RUN_H

#include "postmulti/instances.h"

/* Waits; the exit status, or 1. argv[0] is looked for in command_directory first. */
int	run_for(const struct instance *instance, char *const *argv);
/* postconf -e on the main.cf of that directory; fatal when it fails. settings: NULL ended. */
void	run_edit(const struct instance *by, const char *directory, const char *const *settings);

#endif

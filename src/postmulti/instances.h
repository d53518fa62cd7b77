/*
 * instances: the configuration directories that belong together: the primary one, and those in its
 * multi_instance_directories. The order there is the order of starting.
 */
#ifndef POSTMULTI_INSTANCES_H
#define POSTMULTI_INSTANCES_H

#include "global/config/config.h"

struct instance {
	char *directory;
	struct config *config;
	const char *name, *group;	/* "" when there is none */
	bool primary, enabled;
};

struct instances {
	struct instance *list;
	size_t count;
};

void	instances_load(struct instances *instances);	/* fatal when a main.cf cannot be read */
void	instances_free(struct instances *instances);
/* NULL: no instance of that name; "-" is the primary one. */
struct instance *instances_find(struct instances *instances, const char *name);
const char *instance_setting(const struct instance *instance, const char *name);	/* expanded; fatal on errors */

#endif

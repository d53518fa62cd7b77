/* edit: making, taking in, changing and removing instances (postmulti -e). */
#ifndef POSTMULTI_EDIT_H
#define POSTMULTI_EDIT_H

#include "postmulti/instances.h"

struct edit_request {
	struct instances *all;
	struct instance *target;	/* -i; NULL: none */
	const char *name, *group;	/* -I, -G */
	bool first;			/* -a: in front of the others */
	char **arguments;		/* behind the options; NULL ended */
};

/* Fatal when it cannot be done. */
void	edit_instance(const char *action, const struct edit_request *request);

#endif

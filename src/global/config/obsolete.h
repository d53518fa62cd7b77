/*
 * obsolete: settings of the past that are still honoured or at least known, and what to write instead. Where a new name
 * has the old one as its default, the registry says so; this table is for warnings.
 */
#ifndef GLOBAL_CONFIG_OBSOLETE_H
#define GLOBAL_CONFIG_OBSOLETE_H

#include "util/text/view.h"

struct obsolete {
	const char *name;
	const char *instead;	/* NULL: nothing, leave it out */
};

const struct obsolete *obsolete_find(struct view name);	/* NULL: not obsolete */

#endif

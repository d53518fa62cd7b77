/*
 * param: the registry of all main.cf parameters: the single source of names, types, defaults and bounds, in files by
 * subject (registry_*.c).
 */
#ifndef GLOBAL_CONFIG_PARAM_H
#define GLOBAL_CONFIG_PARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "util/text/view.h"

enum param_type {
	PARAM_STRING, PARAM_INT, PARAM_BOOL, PARAM_TIME, PARAM_LONG, PARAM_RAW, PARAM_READ_ONLY, PARAM_READ_ONLY_INT,
	PARAM_LIST, PARAM_PATH, PARAM_TABLES, PARAM_RESTRICTIONS, PARAM_CIPHER_GRADE, PARAM_TRACE_LEVEL, PARAM_CHARACTERS,
	PARAM_KEYWORD, PARAM_TABLE_MODES, PARAM_RAW_CHARACTERS, PARAM_RAW_PATH, PARAM_RAW_COMMAND,
	PARAM_BOOL_DERIVED, PARAM_INT_DERIVED,		/* by reference: the default must be expanded */
};

struct param {
	const char *name;
	enum param_type type;
	const char *default_text;		/* unexpanded; NULL: computed at run time (see compute.h) */
	long long min, max;			/* numbers: value; times: seconds; strings: length. 0: no bound */
	char unit;				/* times: s m h d w, the unit of a bare number */
	bool per_transport;			/* "transport_…": stands for any transport's name in front */
};

const struct param *param_find(struct view name);	/* exact names only; NULL: not a built-in parameter */
/* "slow_destination_concurrency_limit" → the per-transport row, when there is one for this suffix. */
const struct param *param_find_transport(struct view name, struct view *transport);
bool	param_is_raw(const struct param *param);		/* used as written: $name in it means something else */
const struct param *param_at(size_t i);			/* in the order of names; NULL behind the last */
unsigned long long param_registry_hash(void);		/* of names, types and defaults: tags a snapshot */

#endif

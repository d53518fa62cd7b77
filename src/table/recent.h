/*
 * recent: the answers of the last second to a few questions, for tables whose source many messages in a row ask the same.
 * An answer is never older than a second, so nobody has to be told of a change. That there is none is an answer, too;
 * a failure is not kept.
 */
#ifndef TABLE_RECENT_H
#define TABLE_RECENT_H

#include "table/table.h"
#include "util/base/clock.h"

enum { RECENT_COUNT = 256, RECENT_MS = 1000 };

/* All zero at first. A place belongs to the last key that hashed to it. */
struct recent {
	struct recent_answer {
		struct buf key, value;
		enum lookup result;
		msec_t until;
	} places[RECENT_COUNT];
};

void	recent_fini(struct recent *recent);
/* false: not known, or not any more. */
bool	recent_get(const struct recent *recent, struct view key, struct buf *value, enum lookup *result);
void	recent_put(struct recent *recent, struct view key, struct view value, enum lookup result);

#endif

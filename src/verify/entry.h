/*
 * entry: what the cache holds about one address, as text "status:probed:updated:text". Other programs wrote and may read
 * the same cache: the form is fixed.
 */
#ifndef VERIFY_ENTRY_H
#define VERIFY_ENTRY_H

#include "global/client/verify.h"

struct verify_entry {
	int status;			/* enum verify_status, VERIFY_UNAVAILABLE excepted */
	long long probed, updated;	/* seconds; 0: never */
	struct view text;
};

struct verify_times {			/* seconds */
	int positive_expire, positive_refresh, negative_expire, negative_refresh;
};

bool	verify_entry_parse(struct view value, struct verify_entry *out);
void	verify_entry_put(struct buf *out, const struct verify_entry *entry);

/* Of no use any more. A probe under way keeps an entry alive. */
bool	verify_entry_expired(const struct verify_entry *entry, const struct verify_times *times, long long now);
/* Is it time for a probe? */
bool	verify_entry_due(const struct verify_entry *entry, const struct verify_times *times, long long now);

#endif

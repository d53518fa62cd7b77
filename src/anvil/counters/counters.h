/*
 * counters: what each remote client did, per service: connections open now, and events of each kind since the current
 * stretch of time began. A connection belongs to the process that reported it, and ends with it. Entries are forgotten
 * when nothing is open and their time is over; so memory follows the number of clients of one time unit.
 */
#ifndef ANVIL_COUNTERS_H
#define ANVIL_COUNTERS_H

#include "global/client/anvil.h"

struct counters;

/* The largest number of one kind since the last statistics. */
struct counters_peak {
	int value;
	struct buf who;			/* "smtp:192.0.2.1" */
	time_t when;
};

struct counters_statistics {
	struct counters_peak connections, rates[ANVIL_EVENTS];
	size_t cache_size;
	time_t cache_when;
};

struct counters	*counters_new(int time_unit_sec);
void		 counters_free(struct counters *counters);
/* reporter: identifies the process that says so. */
void		 counters_count(struct counters *counters, const void *reporter, const struct anvil_report *report, struct anvil_counts *out);
/* All connections of this reporter are over. */
void		 counters_gone(struct counters *counters, const void *reporter);
void		 counters_expire(struct counters *counters);
size_t		 counters_size(const struct counters *counters);
const struct counters_statistics *counters_statistics(const struct counters *counters);
void		 counters_reset_statistics(struct counters *counters);

#endif

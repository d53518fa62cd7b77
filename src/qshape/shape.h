/*
 * shape: how many messages (or recipients) there are of which domain, by age: one row per domain, one column per span
 * of time, the last for all that is older.
 */
#ifndef QSHAPE_SHAPE_H
#define QSHAPE_SHAPE_H

#include "util/text/buf.h"

struct shape_settings {
	int buckets;			/* the last one has no limit */
	int first_minutes;		/* up to where the first one goes */
	bool linear;			/* all as wide as the first; else each twice as far as the one before */
	bool parents;			/* domains above count too … */
	int parent_min;			/* … when they have so many of these below them */
	int width;			/* of a line; 80 at least */
};

struct shape;

struct shape	*shape_new(const struct shape_settings *settings);
void		 shape_free(struct shape *shape);
/* address: internal form; "" counts for MAILER-DAEMON, one without domain for localhost. */
void		 shape_count(struct shape *shape, struct view address, long long age_sec);
unsigned long long shape_total(const struct shape *shape);
/* The table; rows_max 0: all rows. */
void		 shape_print(const struct shape *shape, size_t rows_max, struct buf *out);

#endif

/*
 * status_filter: <agent>_delivery_status_filter: a table that is asked for "X.Y.Z text" and may answer with another
 * status and text. It cannot make a delivery out of a failure, or the reverse.
 */
#ifndef GLOBAL_DELIVERY_STATUS_FILTER_H
#define GLOBAL_DELIVERY_STATUS_FILTER_H

#include "global/config/config.h"
#include "global/dsn/dsn.h"
#include "table/maps.h"

/* Opens the filter of this process, by its name, else the default one. *out is NULL when there is none. */
bool	delivery_filter_open(struct config *config, struct maps **out, struct buf *why);
/*
 * True: *out (initialised by the caller) is to be used instead of dsn. A table that cannot be asked defers what failed,
 * and leaves what was delivered alone.
 */
bool	delivery_filter_apply(struct maps *filter, const struct dsn *dsn, struct dsn *out);

#endif

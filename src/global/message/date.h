/*
 * date: dates of messages (RFC 5322, 3.3), made without the C library's locale. The time zone is that of the process:
 * call tzset() before a chroot.
 */
#ifndef GLOBAL_MESSAGE_DATE_H
#define GLOBAL_MESSAGE_DATE_H

#include <time.h>

#include "util/text/buf.h"

/* "Sat, 01 Nov 2025 09:05:00 +0100 (CET)": two digits for the day, always. Appends. */
void	date_put(struct buf *out, time_t when);
/* "Nov 01 09:05:00", as log files have it. Appends. */
void	date_put_log(struct buf *out, time_t when);

/* "<20251101080500.4XyZ@host>": the time in UTC and the queue id make it unique. Appends. */
void	message_id_put(struct buf *out, time_t when, struct view queue_id, struct view host);

#endif

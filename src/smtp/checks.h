/* checks: smtp_header_checks and its relatives, which change or log what is sent; they cannot refuse it. */
#ifndef SMTP_CHECKS_H
#define SMTP_CHECKS_H

#include "smtp/client.h"

enum check_result { CHECK_KEEP, CHECK_DROP, CHECK_FAILED };

/* extra: what is to be sent before the text, if any. FAILED: a table could not be asked. */
enum check_result	checks_apply(const struct client *client, enum check_kind kind, struct view queue_id, struct view text,
			    struct buf *extra);

#endif

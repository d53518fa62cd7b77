/*
 * submission: which records a local user may submit (doc/queue-file.md, section 4). postdrop lets nothing else into
 * maildrop, and pickup lets nothing else out of it, since neither believes the other.
 */
#ifndef GLOBAL_QUEUE_SUBMISSION_H
#define GLOBAL_QUEUE_SUBMISSION_H

#include "global/queue/record.h"

enum submission_segment { SUBMISSION_ENVELOPE, SUBMISSION_CONTENT, SUBMISSION_EXTRACTED, SUBMISSION_DONE };

bool	submission_type_allowed(enum submission_segment segment, int type);
/* Where the record after this one stands. */
enum submission_segment submission_segment_after(enum submission_segment segment, int type);
/* Names, and for some of them values, that users may set ("name=value"). */
bool	submission_attribute_allowed(struct view attribute);
/* One of the four about delivery status notifications. */
bool	submission_attribute_is_dsn(struct view attribute);

#endif

/* cleanup_protocol: what is said between those who submit a message and cleanup; one table of fields per message. */
#include <sysexits.h>

#include "global/client/cleanup.h"

const struct ipc_protocol cleanup_protocol = { "cleanup", 1 };

static const struct field open_fields[] = {
	FIELD(struct cleanup_open_message, flags, 1, FIELD_U64, 0),
	FIELD_END,
};

static const struct field id_fields[] = {
	FIELD(struct cleanup_id_message, id, 1, FIELD_STRING, 0),
	FIELD_END,
};

static const struct field status_fields[] = {
	FIELD(struct cleanup_status_message, status, 1, FIELD_U64, 0),
	FIELD(struct cleanup_status_message, reason, 2, FIELD_STRING, 0),
	FIELD_END,
};

/* The run of a message begins with this frame and ends with END or ABORT. */
void
cleanup_open_put(struct buf *out, const struct cleanup_open_message *message)
{
	frame_put(out, CLEANUP_FRAME_OPEN, FRAME_MORE, open_fields, message);
}

bool
cleanup_open_get(const struct frame *frame, struct cleanup_open_message *message, struct buf *why)
{
	return frame_get(frame, open_fields, message, sizeof(*message), why);
}

void
cleanup_id_put(struct buf *out, const struct cleanup_id_message *message)
{
	frame_put(out, CLEANUP_FRAME_ID, FRAME_MORE, id_fields, message);
}

bool
cleanup_id_get(const struct frame *frame, struct cleanup_id_message *message, struct buf *why)
{
	return frame_get(frame, id_fields, message, sizeof(*message), why);
}

void
cleanup_status_put(struct buf *out, const struct cleanup_status_message *message)
{
	frame_put(out, CLEANUP_FRAME_STATUS, 0, status_fields, message);
}

bool
cleanup_status_get(const struct frame *frame, struct cleanup_status_message *message, struct buf *why)
{
	return frame_get(frame, status_fields, message, sizeof(*message), why);
}

/* In the order of weight: the first bit that is set gives the answer. */
static const struct cleanup_reply_row replies[] = {
	{ CLEANUP_DEFER,         451, "4.7.1", "service unavailable",      EX_TEMPFAIL },
	{ CLEANUP_PROXY,         451, "4.3.0", "queue file write error",   EX_TEMPFAIL },
	{ CLEANUP_BAD,           451, "4.3.0", "internal protocol error",  EX_TEMPFAIL },
	{ CLEANUP_NO_RECIPIENTS, 550, "5.1.0", "no recipients specified",  EX_USAGE },
	{ CLEANUP_HOPS,          554, "5.4.0", "too many hops",            EX_UNAVAILABLE },
	{ CLEANUP_SIZE,          552, "5.3.4", "message file too big",     EX_UNAVAILABLE },
	{ CLEANUP_CONTENT,       550, "5.7.1", "message content rejected", EX_UNAVAILABLE },
	{ CLEANUP_NO_PERMISSION, 550, "5.7.1", "service denied",           EX_NOPERM },
	{ CLEANUP_BARE_LF,       521, "5.5.2", "bare <LF> received",       EX_DATAERR },
	{ CLEANUP_WRITE,         451, "4.3.0", "queue file write error",   EX_TEMPFAIL },
};

const struct cleanup_reply_row *
cleanup_reply(unsigned status)
{
	static const struct cleanup_reply_row unknown = { 0, 451, "4.3.0", "internal error", EX_SOFTWARE };

	for (size_t i = 0; i < ARRAY_COUNT(replies); i++)
		if (status & replies[i].status)
			return &replies[i];
	return &unknown;
}

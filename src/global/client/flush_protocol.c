/* flush_protocol: what is said between those who defer mail, or want it tried, and flush. */
#include "global/client/flush.h"

const struct ipc_protocol flush_protocol = { "flush", 1 };

static const struct field request_fields[] = {
	FIELD(struct flush_request, site, 1, FIELD_STRING, 0),
	FIELD(struct flush_request, queue_id, 2, FIELD_STRING, 0),
	FIELD_END,
};

struct status_wire {
	int status;
};

static const struct field status_fields[] = {
	FIELD(struct status_wire, status, 1, FIELD_INT, FIELD_REQUIRED),
	FIELD_END,
};

void
flush_request_put(struct buf *out, unsigned type, const struct flush_request *request)
{
	frame_put(out, type, 0, request_fields, request);
}

bool
flush_request_get(const struct frame *frame, struct flush_request *request, struct buf *why)
{
	if (frame->type < FLUSH_FRAME_ADD || frame->type > FLUSH_FRAME_MESSAGE) {
		why_set(why, "unknown request %u", frame->type);
		return false;
	}
	return frame_get(frame, request_fields, request, sizeof(*request), why);
}

void
flush_status_put(struct buf *out, enum flush_status status)
{
	struct status_wire wire = { (int)status };

	frame_put(out, FLUSH_FRAME_STATUS, 0, status_fields, &wire);
}

bool
flush_status_get(const struct frame *frame, enum flush_status *status, struct buf *why)
{
	struct status_wire wire;

	if (frame->type != FLUSH_FRAME_STATUS) {
		why_set(why, "unexpected frame instead of a status");
		return false;
	}
	if (!frame_get(frame, status_fields, &wire, sizeof(wire), why))
		return false;
	if (wire.status < FLUSH_OK || wire.status > FLUSH_UNSERVED) {
		why_set(why, "status out of range");
		return false;
	}
	*status = (enum flush_status)wire.status;
	return true;
}

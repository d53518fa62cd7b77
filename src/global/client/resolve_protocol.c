/* resolve_protocol: what is said between those who ask where a recipient goes and trivial-rewrite. */
#include "global/client/resolve.h"

const struct ipc_protocol resolve_protocol = { "resolve", 1 };

static const struct field request_fields[] = {
	FIELD(struct resolve_request, sender, 1, FIELD_STRING, 0),
	FIELD(struct resolve_request, address, 2, FIELD_STRING, 0),
	FIELD(struct resolve_request, verify, 3, FIELD_BOOL, 0),
	FIELD_END,
};

static const struct field reply_fields[] = {
	FIELD(struct resolve_reply, transport, 1, FIELD_STRING, 0),
	FIELD(struct resolve_reply, nexthop, 2, FIELD_STRING, 0),
	FIELD(struct resolve_reply, recipient, 3, FIELD_STRING, 0),
	FIELD(struct resolve_reply, domain_class, 4, FIELD_INT, 0),
	FIELD(struct resolve_reply, flags, 5, FIELD_INT, 0),
	FIELD(struct resolve_reply, ttl_sec, 6, FIELD_INT, 0),
	FIELD_END,
};

void
resolve_request_put(struct buf *out, const struct resolve_request *request)
{
	frame_put(out, RESOLVE_FRAME_REQUEST, 0, request_fields, request);
}

bool
resolve_request_get(const struct frame *frame, struct resolve_request *request, struct buf *why)
{
	return frame_get(frame, request_fields, request, sizeof(*request), why);
}

void
resolve_reply_put(struct buf *out, const struct resolve_reply *reply)
{
	frame_put(out, RESOLVE_FRAME_REPLY, 0, reply_fields, reply);
}

bool
resolve_reply_get(const struct frame *frame, struct resolve_reply *reply, struct buf *why)
{
	struct resolve_reply got;

	if (!frame_get(frame, reply_fields, &got, sizeof(got), why))
		return false;
	if (got.domain_class < RESOLVE_LOCAL || got.domain_class > RESOLVE_DEFAULT || got.ttl_sec < 0) {
		why_set(why, "resolve reply: number out of range");
		return false;
	}
	*reply = got;
	return true;
}

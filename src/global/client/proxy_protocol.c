/* proxy_protocol: what is said between the table type proxy and proxymap. */
#include "global/client/proxy.h"

enum { PART_SIZE = FRAME_MAX / 2 };		/* two of them fit into a frame with some room to spare */

const struct ipc_protocol proxy_protocol = { "proxymap", 3 };

static const struct field request_fields[] = {
	FIELD(struct proxy_request, table, 1, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct proxy_request, flags, 2, FIELD_U64, 0),
	FIELD(struct proxy_request, key, 3, FIELD_BYTES, 0),
	FIELD(struct proxy_request, value, 4, FIELD_BYTES, 0),
	FIELD(struct proxy_request, restart, 5, FIELD_BOOL, 0),
	FIELD(struct proxy_request, next, 6, FIELD_BYTES, 0),
	FIELD_END,
};

static const struct field answer_fields[] = {
	FIELD(struct proxy_answer, status, 1, FIELD_INT, FIELD_REQUIRED),
	FIELD(struct proxy_answer, key, 2, FIELD_BYTES, 0),
	FIELD(struct proxy_answer, value, 3, FIELD_BYTES, 0),
	FIELD(struct proxy_answer, why, 4, FIELD_BYTES, 0),
	FIELD(struct proxy_answer, kind, 5, FIELD_INT, 0),
	FIELD(struct proxy_answer, owner, 6, FIELD_U64, 0),
	FIELD(struct proxy_answer, owner_trusted, 7, FIELD_BOOL, 0),
	FIELD(struct proxy_answer, next_status, 8, FIELD_INT, 0),
	FIELD(struct proxy_answer, next_value, 9, FIELD_BYTES, 0),
	FIELD_END,
};

/* The last part stays in the request. */
static bool
put_parts(struct buf *out, unsigned type, const struct proxy_request *request)
{
	struct proxy_request last = *request;

	last.key = VIEW_EMPTY;
	if (type != PROXY_FRAME_LOOKUP || request->key.len > PROXY_KEY_MAX ||
	    frame_size(request_fields, &last) > PART_SIZE - FRAME_ATTR_HEADER)
		return false;
	for (last.key = request->key; last.key.len > PART_SIZE; last.key = view_slice(last.key, PART_SIZE, last.key.len))
		frame_put_raw(out, PROXY_FRAME_PART, 0, view_slice(last.key, 0, PART_SIZE));
	frame_put(out, type, 0, request_fields, &last);
	return true;
}

bool
proxy_request_put(struct buf *out, unsigned type, const struct proxy_request *request)
{
	if (view_find(request->table, '\0') >= 0)
		return false;
	if (frame_size(request_fields, request) > FRAME_MAX)
		return put_parts(out, type, request);
	frame_put(out, type, 0, request_fields, request);
	return true;
}

bool
proxy_request_get(const struct frame *frame, struct proxy_request *request, struct buf *why)
{
	if (frame->type < PROXY_FRAME_OPEN || frame->type >= PROXY_FRAME_ANSWER) {
		why_set(why, "unknown request %u", frame->type);
		return false;
	}
	return frame_get(frame, request_fields, request, sizeof(*request), why);
}

void
proxy_answer_put(struct buf *out, const struct proxy_answer *answer)
{
	static const struct proxy_answer too_long = { .status = PROXY_RETRY, .why = VIEW_INIT("the value is too long") };

	if (frame_size(answer_fields, answer) > FRAME_MAX)
		answer = &too_long;
	frame_put(out, PROXY_FRAME_ANSWER, 0, answer_fields, answer);
}

bool
proxy_answer_get(const struct frame *frame, struct proxy_answer *answer, struct buf *why)
{
	struct proxy_answer got;

	if (frame->type != PROXY_FRAME_ANSWER) {
		why_set(why, "unexpected frame instead of an answer");
		return false;
	}
	if (!frame_get(frame, answer_fields, &got, sizeof(got), why))
		return false;
	if (got.status < PROXY_FOUND || got.status > PROXY_REFUSED || got.next_status < PROXY_FOUND ||
	    got.next_status > PROXY_REFUSED || got.kind < TABLE_FIXED || got.kind > TABLE_PATTERN ||
	    got.owner > UINT32_MAX) {
		why_set(why, "answer out of range");
		return false;
	}
	*answer = got;
	return true;
}

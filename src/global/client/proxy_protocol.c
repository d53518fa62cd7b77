/* proxy_protocol: what is said between the table type proxy and proxymap. */
#include "global/client/proxy.h"

const struct ipc_protocol proxy_protocol = { "proxymap", 2 };

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

bool
proxy_request_put(struct buf *out, unsigned type, const struct proxy_request *request)
{
	if (view_find(request->table, '\0') >= 0 || frame_size(request_fields, request) > FRAME_MAX)
		return false;
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

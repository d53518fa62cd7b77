#include "global/client/scache.h"

const struct ipc_protocol scache_protocol = { "scache", 1 };

static const struct field fields[] = {
	FIELD(struct scache_session, key, 1, FIELD_STRING, 0),
	FIELD(struct scache_session, ttl_ms, 2, FIELD_INT, 0),
	FIELD(struct scache_session, address, 3, FIELD_STRING, 0),
	FIELD(struct scache_session, peer, 4, FIELD_STRING, 0),
	FIELD(struct scache_session, relay, 5, FIELD_STRING, 0),
	FIELD(struct scache_session, host, 6, FIELD_STRING, 0),
	FIELD(struct scache_session, mechanisms, 7, FIELD_STRING, 0),
	FIELD(struct scache_session, features, 8, FIELD_INT, 0),
	FIELD(struct scache_session, xforward, 9, FIELD_INT, 0),
	FIELD(struct scache_session, uses, 10, FIELD_INT, 0),
	FIELD(struct scache_session, size_limit, 11, FIELD_U64, 0),
	FIELD(struct scache_session, opened, 12, FIELD_I64, 0),
	FIELD(struct scache_session, delays_dot, 13, FIELD_BOOL, 0),
	FIELD_END,
};

void
scache_session_put(struct buf *out, unsigned type, const struct scache_session *session)
{
	frame_put(out, type, 0, fields, session);
}

static bool
within_limits(const struct scache_session *session)
{
	const struct view texts[] = { session->key, session->address, session->peer, session->relay, session->host,
	    session->mechanisms };

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (texts[i].len > SCACHE_TEXT_MAX)
			return false;
	}
	return session->ttl_ms >= 0 && session->uses >= 0;
}

bool
scache_session_get(const struct frame *frame, struct scache_session *session, struct buf *why)
{
	if (frame->type < SCACHE_FRAME_SAVE || frame->type > SCACHE_FRAME_SESSION) {
		why_set(why, "unknown frame %u", frame->type);
		return false;
	}
	if (!frame_get(frame, fields, session, sizeof(*session), why))
		return false;
	if (!within_limits(session) || (view_empty(session->key) && frame->type != SCACHE_FRAME_SESSION)) {
		why_set(why, "value out of range");
		return false;
	}
	return true;
}

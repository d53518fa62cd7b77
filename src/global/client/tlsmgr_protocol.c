#include "global/client/tlsmgr.h"

const struct ipc_protocol tlsmgr_protocol = { "tlsmgr", 1 };

static const struct field question_fields[] = {
	FIELD(struct tlsmgr_question, cache, 1, FIELD_INT, 0),
	FIELD(struct tlsmgr_question, bytes, 2, FIELD_INT, 0),
	FIELD(struct tlsmgr_question, id, 3, FIELD_BYTES, 0),
	FIELD(struct tlsmgr_question, session, 4, FIELD_BYTES, 0),
	FIELD_END,
};

static const struct field answer_fields[] = {
	FIELD(struct tlsmgr_answer, result, 1, FIELD_INT, FIELD_REQUIRED),
	FIELD(struct tlsmgr_answer, bytes, 2, FIELD_BYTES, 0),
	FIELD(struct tlsmgr_answer, kept, 3, FIELD_BOOL, 0),
	FIELD(struct tlsmgr_answer, timeout_sec, 4, FIELD_INT, 0),
	FIELD(struct tlsmgr_answer, name, 5, FIELD_BYTES, 0),
	FIELD(struct tlsmgr_answer, cipher, 6, FIELD_BYTES, 0),
	FIELD(struct tlsmgr_answer, mac, 7, FIELD_BYTES, 0),
	FIELD(struct tlsmgr_answer, signs_until, 8, FIELD_I64, 0),
	FIELD(struct tlsmgr_answer, opens_until, 9, FIELD_I64, 0),
	FIELD_END,
};

void
tlsmgr_question_put(struct buf *out, unsigned type, const struct tlsmgr_question *question)
{
	frame_put(out, type, 0, question_fields, question);
}

static bool
within_limits(const struct tlsmgr_question *question)
{
	return question->cache >= 0 && question->cache < TLSMGR_CACHES && question->bytes >= 0
	    && question->bytes <= TLSMGR_SEED_MAX && question->id.len <= TLSMGR_ID_MAX
	    && question->session.len <= TLSMGR_SESSION_MAX;
}

bool
tlsmgr_question_get(const struct frame *frame, struct tlsmgr_question *question, struct buf *why)
{
	if (frame->type < TLSMGR_FRAME_SEED || frame->type >= TLSMGR_FRAME_ANSWER) {
		why_set(why, "unknown request %u", frame->type);
		return false;
	}
	if (!frame_get(frame, question_fields, question, sizeof(*question), why))
		return false;
	if (!within_limits(question)) {
		why_set(why, "value out of range");
		return false;
	}
	return true;
}

void
tlsmgr_answer_put(struct buf *out, const struct tlsmgr_answer *answer)
{
	frame_put(out, TLSMGR_FRAME_ANSWER, 0, answer_fields, answer);
}

static bool
is_key(const struct tlsmgr_answer *answer)
{
	return answer->name.len == TLSMGR_KEY_NAME && answer->cipher.len == TLSMGR_KEY && answer->mac.len == TLSMGR_KEY;
}

bool
tlsmgr_answer_get(const struct frame *frame, struct tlsmgr_answer *answer, struct buf *why)
{
	if (frame->type != TLSMGR_FRAME_ANSWER) {
		why_set(why, "unexpected frame instead of an answer");
		return false;
	}
	if (!frame_get(frame, answer_fields, answer, sizeof(*answer), why))
		return false;
	if (answer->result < LOOKUP_FOUND || answer->result > LOOKUP_RETRY
	    || (answer->name.len > 0 && !is_key(answer))) {
		why_set(why, "value out of range");
		return false;
	}
	return true;
}

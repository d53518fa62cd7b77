#include "global/client/tlsmgr.h"

#include "global/client/call.h"
#include "util/log/log.h"

struct tlsmgr {
	struct caller *caller;
	struct buf question;
};

struct tlsmgr *
tlsmgr_new(const char *path, msec_t timeout_ms)
{
	struct tlsmgr *tlsmgr = mem_new(sizeof(*tlsmgr));

	tlsmgr->caller = caller_new(path, &tlsmgr_protocol, timeout_ms);
	return tlsmgr;
}

void
tlsmgr_free(struct tlsmgr *tlsmgr)
{
	if (tlsmgr == NULL)
		return;
	caller_free(tlsmgr->caller);
	buf_wipe(&tlsmgr->question);
	mem_free(tlsmgr);
}

static bool
fits(const struct tlsmgr_question *question)
{
	return question->id.len <= TLSMGR_ID_MAX && question->session.len <= TLSMGR_SESSION_MAX
	    && question->bytes <= TLSMGR_SEED_MAX;
}

/* LOOKUP_RETRY when there is no answer; the answer's views live until the next question. */
static enum lookup
ask(struct tlsmgr *tlsmgr, unsigned type, const struct tlsmgr_question *question, struct tlsmgr_answer *answer)
{
	struct buf why = BUF_INIT;
	struct frame frame;
	bool ok;

	memset(answer, 0, sizeof(*answer));
	if (!fits(question))
		return LOOKUP_RETRY;
	buf_reset(&tlsmgr->question);
	tlsmgr_question_put(&tlsmgr->question, type, question);
	ok = caller_ask(tlsmgr->caller, buf_view(&tlsmgr->question), &frame, &why) && tlsmgr_answer_get(&frame, answer, &why);
	if (!ok)
		log_warn("TLS manager: %s", buf_c(&why));
	buf_fini(&why);
	return ok ? (enum lookup)answer->result : LOOKUP_RETRY;
}

bool
tlsmgr_seed(struct tlsmgr *tlsmgr, size_t bytes, struct buf *out)
{
	struct tlsmgr_question question = { .bytes = bytes > TLSMGR_SEED_MAX ? TLSMGR_SEED_MAX : (int)bytes };
	struct tlsmgr_answer answer;

	if (ask(tlsmgr, TLSMGR_FRAME_SEED, &question, &answer) != LOOKUP_FOUND)
		return false;
	buf_putv(out, answer.bytes);
	return true;
}

bool
tlsmgr_policy(struct tlsmgr *tlsmgr, enum tlsmgr_cache cache, bool *kept, int *timeout_sec)
{
	struct tlsmgr_question question = { .cache = (int)cache };
	struct tlsmgr_answer answer;
	bool ok = ask(tlsmgr, TLSMGR_FRAME_POLICY, &question, &answer) == LOOKUP_FOUND;

	*kept = answer.kept;
	*timeout_sec = answer.timeout_sec;
	return ok;
}

enum lookup
tlsmgr_lookup(struct tlsmgr *tlsmgr, enum tlsmgr_cache cache, struct view id, struct buf *session)
{
	struct tlsmgr_question question = { .cache = (int)cache, .id = id };
	struct tlsmgr_answer answer;
	enum lookup result = ask(tlsmgr, TLSMGR_FRAME_LOOKUP, &question, &answer);

	buf_reset(session);
	buf_putv(session, answer.bytes);
	return result;
}

bool
tlsmgr_update(struct tlsmgr *tlsmgr, enum tlsmgr_cache cache, struct view id, struct view session)
{
	struct tlsmgr_question question = { .cache = (int)cache, .id = id, .session = session };
	struct tlsmgr_answer answer;

	return ask(tlsmgr, TLSMGR_FRAME_UPDATE, &question, &answer) == LOOKUP_FOUND;
}

bool
tlsmgr_delete(struct tlsmgr *tlsmgr, enum tlsmgr_cache cache, struct view id)
{
	struct tlsmgr_question question = { .cache = (int)cache, .id = id };
	struct tlsmgr_answer answer;

	return ask(tlsmgr, TLSMGR_FRAME_DELETE, &question, &answer) != LOOKUP_RETRY;
}

enum lookup
tlsmgr_ticket_key(struct tlsmgr *tlsmgr, struct view name, struct tlsmgr_ticket_key *out)
{
	struct tlsmgr_question question = { .id = name };
	struct tlsmgr_answer answer;
	enum lookup result = ask(tlsmgr, TLSMGR_FRAME_TICKET_KEY, &question, &answer);

	if (result != LOOKUP_FOUND)
		return result;
	if (view_empty(answer.name))
		return LOOKUP_RETRY;
	memcpy(out->name, answer.name.data, TLSMGR_KEY_NAME);
	memcpy(out->cipher, answer.cipher.data, TLSMGR_KEY);
	memcpy(out->mac, answer.mac.data, TLSMGR_KEY);
	out->signs_until = answer.signs_until;
	out->opens_until = answer.opens_until;
	return LOOKUP_FOUND;
}

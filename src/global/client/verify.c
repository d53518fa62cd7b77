#include "global/client/verify.h"

#include "global/address/address.h"
#include "global/client/call.h"
#include "util/log/log.h"

enum { ADDRESS_MAX = 16384 };

const struct ipc_protocol verify_protocol = { "verify", 1 };

/* -- the protocol -------------------------------------------------------------------------------------------------- */

static const struct field fields[] = {
	FIELD(struct verify_message, address, 1, FIELD_STRING, 0),
	FIELD(struct verify_message, status, 2, FIELD_INT, 0),
	FIELD(struct verify_message, text, 3, FIELD_STRING, 0),
	FIELD_END,
};

/* What a server said may hold any byte; a NUL would make the frame malformed. */
static struct view
clip(struct view text)
{
	ptrdiff_t nul = view_find(text, '\0');

	return view_slice(text, 0, nul >= 0 && nul < VERIFY_TEXT_MAX ? (size_t)nul : VERIFY_TEXT_MAX);
}

void
verify_message_put(struct buf *out, unsigned type, const struct verify_message *message)
{
	struct verify_message cut = *message;

	cut.text = clip(cut.text);
	frame_put(out, type, 0, fields, &cut);
}

bool
verify_message_get(const struct frame *frame, struct verify_message *message, struct buf *why)
{
	struct verify_message got;

	if (frame->type < VERIFY_FRAME_QUERY || frame->type > VERIFY_FRAME_RESULT) {
		why_set(why, "unknown frame type %u", frame->type);
		return false;
	}
	if (!frame_get(frame, fields, &got, sizeof(got), why))
		return false;
	if (got.status < VERIFY_DELIVERABLE || got.status > VERIFY_UNAVAILABLE || got.text.len > VERIFY_TEXT_MAX) {
		why_set(why, "verify: out of range");
		return false;
	}
	*message = got;
	return true;
}

/* -- asking -------------------------------------------------------------------------------------------------------- */

struct verifier {
	struct caller *caller;
	struct buf question;
};

struct verifier *
verifier_new(const char *path, msec_t timeout_ms)
{
	struct verifier *verifier = mem_new(sizeof(*verifier));

	verifier->caller = caller_new(path, &verify_protocol, timeout_ms);
	return verifier;
}

void
verifier_free(struct verifier *verifier)
{
	if (verifier == NULL)
		return;
	caller_free(verifier->caller);
	buf_fini(&verifier->question);
	mem_free(verifier);
}

static bool
ask(struct verifier *verifier, unsigned type, const struct verify_message *question, struct verify_message *answer)
{
	struct buf why = BUF_INIT;
	struct frame frame;
	bool ok = false;

	buf_reset(&verifier->question);
	if (question->address.len > ADDRESS_MAX || view_find(question->address, '\0') >= 0)
		why_set(&why, "unfit address");
	else {
		verify_message_put(&verifier->question, type, question);
		ok = caller_ask(verifier->caller, buf_view(&verifier->question), &frame, &why)
		    && verify_message_get(&frame, answer, &why);
	}
	if (!ok)
		log_warn("address verify service failure: %s", buf_c(&why));
	buf_fini(&why);
	return ok;
}

enum verify_status
verify_query(struct verifier *verifier, struct view address, struct buf *text)
{
	struct verify_message question = { .address = address }, answer;

	buf_reset(text);
	if (!ask(verifier, VERIFY_FRAME_QUERY, &question, &answer))
		return VERIFY_UNAVAILABLE;
	buf_set(text, answer.text);
	return (enum verify_status)answer.status;
}

bool
verify_update(struct verifier *verifier, struct view address, enum verify_status status, struct view text)
{
	struct verify_message report = { address, (int)status, text }, answer;

	return ask(verifier, VERIFY_FRAME_UPDATE, &report, &answer) && answer.status != VERIFY_UNAVAILABLE;
}

/* -- the sender of probes ------------------------------------------------------------------------------------------ */

/* Letters and digits, so that the address stays an ordinary one. */
static void
put_period(struct buf *out, unsigned long long period)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	char text[16];
	size_t at = sizeof(text);

	do {
		text[--at] = digits[period % 36];
		period /= 36;
	} while (period > 0);
	buf_put(out, text + at, sizeof(text) - at);
}

static void
put_sender(const struct verify_sender *sender, time_t period, struct buf *out)
{
	struct view address = view_string(sender->address), local, domain;

	buf_reset(out);
	if (address.len == 0 || view_is(address, "<>"))
		return;
	if (!address_split(address, &local, &domain)) {
		local = address;
		domain = view_string(sender->myorigin);
	}
	buf_putv(out, local);
	if (sender->ttl_sec > 0)
		put_period(out, (unsigned long long)period);
	buf_putc(out, '@');
	buf_putv(out, domain);
}

static time_t
period_of(const struct verify_sender *sender, time_t now)
{
	return sender->ttl_sec > 0 ? now / sender->ttl_sec : 0;
}

void
verify_sender_put(const struct verify_sender *sender, time_t now, struct buf *out)
{
	put_sender(sender, period_of(sender, now), out);
}

bool
verify_sender_is(const struct verify_sender *sender, time_t now, struct view address)
{
	struct buf ours = BUF_INIT;
	time_t period = period_of(sender, now);
	bool same = false;

	for (time_t i = 0; i < 2 && !same && period >= i; i++) {
		put_sender(sender, period - i, &ours);
		same = ours.len > 0 && view_equal_nocase(buf_view(&ours), address);
	}
	buf_fini(&ours);
	return same;
}

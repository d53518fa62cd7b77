#include "smtpd/command.h"
#include "smtpd/ehlo.h"
#include "smtpd/reply.h"

/* Each stretch of content has the time of a command; with per-request deadlines a slow trickle does not extend it. */
static void
set_limits(struct session *session)
{
	msec_t limit = (msec_t)session->config->timeout_sec * 1000;

	stream_set_timeout(session->stream, limit);
	if (session->config->per_request_deadline) {
		stream_set_deadline(session->stream, clock_deadline(limit));
		stream_set_min_rate(session->stream, (unsigned)session->config->min_data_rate, limit);
	}
}

static void
reset_limits(struct session *session)
{
	stream_set_min_rate(session->stream, 0, 0);
	stream_set_deadline(session->stream, CLOCK_NEVER);
}

static bool
may_send(struct session *session)
{
	struct access_facts facts;

	session_facts(session, &facts);
	return session->standalone || access_data(session->server->access, &facts, &session->verdict)
	    || reply_verdict(session, &session->verdict);
}

/* -- DATA (RFC 5321, 4.1.1.4) ------------------------------------------------------------------------------------------------ */

static enum stream_result
read_content(struct session *session)
{
	struct smtp_content *decoder = &session->transaction.decoder;
	enum stream_result result = STREAM_OK;

	set_limits(session);
	while (!decoder->ended && (result = stream_fill(session->stream)) == STREAM_OK)
		stream_take(session->stream, smtp_content_feed(decoder, stream_pending(session->stream)));
	reset_limits(session);
	return result;
}

bool
cmd_data(struct session *session, struct view arguments)
{
	enum stream_result result;

	if (!view_empty(arguments))
		return reply(session, 501, "5.5.4", "Syntax: DATA");
	if (!may_send(session))
		return false;
	if (!transaction_start_content(session, true)) {
		transaction_end(session);
		return false;
	}
	reply(session, 354, NULL, "End data with <CR><LF>.<CR><LF>");
	if ((result = read_content(session)) == STREAM_OK) {
		session->where = "END-OF-MESSAGE";
		return transaction_finish(session);
	}
	session_broken(session, result);
	transaction_end(session);
	return false;
}

/* -- BDAT (RFC 3030) ----------------------------------------------------------------------------------------------------------- */

/* Reads the chunk, whatever is done with it, so that the next command is found behind it. */
static bool
read_chunk(struct session *session, uint64_t size)
{
	struct transaction *tx = &session->transaction;
	enum stream_result result = STREAM_OK;
	struct view bytes;

	set_limits(session);
	for (uint64_t left = size; left > 0 && result == STREAM_OK; left -= bytes.len) {
		bytes = VIEW_EMPTY;
		if ((result = stream_fill(session->stream)) != STREAM_OK)
			break;
		bytes = view_slice(stream_pending(session->stream), 0, left > SIZE_MAX ? SIZE_MAX : (size_t)left);
		if (session->state == STATE_BDAT && !tx->failed)
			smtp_content_feed(&tx->decoder, bytes);
		stream_take(session->stream, bytes.len);
	}
	reset_limits(session);
	if (result != STREAM_OK)
		session_broken(session, result);
	return result == STREAM_OK;
}

/* What comes after an error is swallowed up to some times the size of a message, then patience ends. */
static bool
may_swallow(struct session *session, uint64_t size)
{
	enum { PATIENCE = 4 };
	struct transaction *tx = &session->transaction;
	uint64_t limit = INT64_MAX;

	if (session->config->message_size_limit > 0 && session->config->message_size_limit < INT64_MAX / PATIENCE)
		limit = (uint64_t)session->config->message_size_limit * PATIENCE;
	if (size > limit || tx->discarded > limit - size)
		return false;
	tx->discarded += size;
	return true;
}

static bool
hang_up(struct session *session, int code, const char *dsn, const char *text)
{
	reply(session, code, dsn, "%s", text);
	session->closing = true;
	return false;
}

static bool
discard_chunk(struct session *session, uint64_t size, bool last)
{
	if (!may_swallow(session, size))
		return hang_up(session, 521, "5.3.4", "Chunk exceeds message size limit");
	if (!read_chunk(session, size))
		return false;
	reply(session, 551, "5.0.0", "Discarded %llu bytes after earlier error", (unsigned long long)size);
	if (last)
		transaction_end(session);
	return false;
}

/* A chunk that comes when there is no envelope for it: the rest of its message goes the same way. */
static bool
misplaced_chunk(struct session *session, uint64_t size, bool last)
{
	if (!may_swallow(session, size))
		return hang_up(session, 521, "5.3.4", "Chunk exceeds message size limit");
	if (!read_chunk(session, size))
		return false;
	command_wrong_time(session, "BDAT");
	session->transaction.failed = true;
	session_set_state(session, STATE_SWALLOW);
	if (last)
		transaction_end(session);
	return false;
}

static bool
bdat_start(struct session *session)
{
	if (session->state == STATE_BDAT)
		return true;
	return may_send(session) && transaction_start_content(session, false);
}

/* The rest of the transaction is only for throwing away; what cleanup has goes at its end. */
static bool
chunk_fails(struct session *session, uint64_t size, bool last)
{
	session->transaction.failed = true;
	session_set_state(session, STATE_SWALLOW);
	if (!may_swallow(session, size))
		session->closing = true;
	else if (read_chunk(session, size) && last)
		transaction_end(session);
	return false;
}

static bool
take_chunk(struct session *session, uint64_t size, bool last)
{
	struct transaction *tx = &session->transaction;
	uint64_t limit = (uint64_t)session->config->message_size_limit;

	if (limit > 0 && (size > limit || tx->chunk_bytes > limit - size)) {
		reply(session, 552, "5.3.4", "Chunk exceeds message size limit");
		return chunk_fails(session, size, last);
	}
	session_set_state(session, STATE_BDAT);
	tx->chunk_bytes += size;
	if (!read_chunk(session, size)) {
		transaction_end(session);
		return false;
	}
	if (last) {
		session->where = "END-OF-MESSAGE";
		return transaction_finish(session);
	}
	return reply(session, 250, "2.0.0", "Ok: %llu bytes", (unsigned long long)size);
}

bool
cmd_bdat(struct session *session, struct view arguments)
{
	uint64_t size;
	bool last;

	if ((session->keywords & EHLO_CHUNKING) == 0)
		return hang_up(session, 521, "5.5.1", "Error: command not implemented");
	if (!smtp_bdat_parse(arguments, &size, &last))
		return hang_up(session, 521, "5.5.4", "Syntax: BDAT count [LAST]");
	if (session->state != STATE_RCPT && session->state != STATE_BDAT && session->state != STATE_SWALLOW)
		return misplaced_chunk(session, size, last);
	if (session->transaction.failed)
		return discard_chunk(session, size, last);
	if (size == 0 && !last) {
		reply(session, 551, "5.7.1", "Null BDAT request");
		return chunk_fails(session, size, last);
	}
	if (!bdat_start(session))
		return chunk_fails(session, size, last);
	return take_chunk(session, size, last);
}

/* Frames of all small protocols between our processes, as a peer might send them: requests and answers. */
#include <stdint.h>

#include "global/client/anvil.h"
#include "global/client/cleanup.h"
#include "global/client/flush.h"
#include "global/client/proxy.h"
#include "global/client/reindex.h"
#include "global/client/resolve.h"
#include "global/client/scache.h"
#include "global/client/tlsmgr.h"
#include "global/client/verify.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
decode_requests(const struct frame *frame)
{
	struct anvil_report report;
	struct cleanup_open_message open;
	struct flush_request flush;
	struct proxy_request proxy;
	struct resolve_request resolve;
	struct scache_session session;
	struct tlsmgr_question question;
	struct verify_message verify;

	anvil_report_get(frame, &report, NULL);
	cleanup_open_get(frame, &open, NULL);
	flush_request_get(frame, &flush, NULL);
	proxy_request_get(frame, &proxy, NULL);
	resolve_request_get(frame, &resolve, NULL);
	scache_session_get(frame, &session, NULL);
	tlsmgr_question_get(frame, &question, NULL);
	verify_message_get(frame, &verify, NULL);
}

static void
decode_answers(const struct frame *frame)
{
	struct anvil_counts counts;
	struct cleanup_id_message id;
	struct cleanup_status_message status;
	enum flush_status flushed;
	struct proxy_answer proxy;
	struct reindex_message reindex;
	struct resolve_reply reply;
	struct tlsmgr_answer answer;

	anvil_counts_get(frame, &counts, NULL);
	cleanup_id_get(frame, &id, NULL);
	cleanup_status_get(frame, &status, NULL);
	flush_status_get(frame, &flushed, NULL);
	proxy_answer_get(frame, &proxy, NULL);
	reindex_message_get(frame, REINDEX_FRAME_BUILD, &reindex, NULL);
	resolve_reply_get(frame, &reply, NULL);
	tlsmgr_answer_get(frame, &answer, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(view_bytes(data, size));
	struct frame frame;

	while (frame_parse(&in, &frame) == 1) {
		decode_requests(&frame);
		decode_answers(&frame);
	}
	return 0;
}

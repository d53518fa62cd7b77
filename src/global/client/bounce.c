#include "global/client/bounce.h"

#include "util/log/log.h"

/* Sends what was prepared and waits for the verdict. */
static bool
exchange(struct channel *channel, msec_t deadline, struct buf *why)
{
	struct frame frame;
	bool ok;

	if (channel_flush(channel, deadline) != CHANNEL_OK || channel_read(channel, &frame, deadline) != CHANNEL_OK) {
		why_set(why, "%s", channel_why(channel));
		return false;
	}
	if (!bounce_status_get(&frame, &ok, why))
		return false;
	if (!ok)
		why_set(why, "request refused");
	return ok;
}

/* One connection for one request: failures are rare, and a kept one would hold a process of the service. */
static bool
request(const char *path, struct buf *frames, msec_t timeout_ms, struct view queue_id)
{
	struct buf why = BUF_INIT;
	msec_t deadline = clock_deadline(timeout_ms);
	struct channel *channel = channel_connect(path, &bounce_protocol, deadline, &why);
	bool ok = false;

	if (channel != NULL) {
		buf_putv(channel_out(channel), buf_view(frames));
		ok = exchange(channel, deadline, &why);
		channel_free(channel);
	}
	if (!ok)
		log_warn("%.*s: %s service failure: %s", VIEW_ARG(queue_id), path, buf_c(&why));
	buf_fini(frames);
	buf_fini(&why);
	return ok;
}

bool
bounce_append(const char *path, const struct bounce_entry *entry, msec_t timeout_ms)
{
	struct buf frames = BUF_INIT;

	bounce_entry_put(&frames, BOUNCE_FRAME_APPEND, entry);
	return request(path, &frames, timeout_ms, entry->queue_id);
}

/* The entry comes first, as the run's first frame; the notice ends the run. */
bool
bounce_one(const char *path, const struct bounce_notice *notice, const struct bounce_entry *entry, msec_t timeout_ms)
{
	struct buf frames = BUF_INIT;

	bounce_entry_put(&frames, BOUNCE_FRAME_ONE, entry);
	bounce_notice_put(&frames, BOUNCE_FRAME_ONE, notice);
	return request(path, &frames, timeout_ms, entry->queue_id);
}

bool
bounce_flush(const char *path, const struct bounce_notice *notice, msec_t timeout_ms)
{
	struct buf frames = BUF_INIT;

	bounce_notice_put(&frames, BOUNCE_FRAME_FLUSH, notice);
	return request(path, &frames, timeout_ms, notice->queue_id);
}

#include "global/client/anvil.h"

#include "util/log/log.h"

enum { PAUSE_MS = 10000 };	/* not asked again so soon after it could not be reached */

struct anvil {
	char *path;
	msec_t timeout_ms, not_before;
	struct channel *channel;
};

struct anvil *
anvil_new(const char *path, msec_t timeout_ms)
{
	struct anvil *anvil = mem_new(sizeof(*anvil));

	anvil->path = mem_string(path);
	anvil->timeout_ms = timeout_ms;
	return anvil;
}

static void
hang_up(struct anvil *anvil)
{
	channel_free(anvil->channel);
	anvil->channel = NULL;
}

void
anvil_free(struct anvil *anvil)
{
	if (anvil == NULL)
		return;
	hang_up(anvil);
	mem_free(anvil->path);
	mem_free(anvil);
}

static bool
exchange(struct anvil *anvil, const struct anvil_report *report, struct anvil_counts *counts, struct buf *why)
{
	msec_t deadline = clock_deadline(anvil->timeout_ms);
	struct frame frame;

	if (anvil->channel != NULL && !channel_ready(anvil->channel))
		hang_up(anvil);
	if (anvil->channel == NULL)
		anvil->channel = channel_connect(anvil->path, &anvil_protocol, deadline, why);
	if (anvil->channel == NULL)
		return false;
	anvil_report_put(channel_out(anvil->channel), report);
	if (channel_flush(anvil->channel, deadline) != CHANNEL_OK
	    || channel_read(anvil->channel, &frame, deadline) != CHANNEL_OK) {
		why_set(why, "%s", channel_why(anvil->channel));
		hang_up(anvil);
		return false;
	}
	if (!anvil_counts_get(&frame, counts, why))
		return false;
	if (!channel_finish(anvil->channel, deadline))
		hang_up(anvil);
	return true;
}

/* A lookup that fails is repeated once: the service may just have been replaced. */
bool
anvil_tell(struct anvil *anvil, const struct anvil_report *report, struct anvil_counts *counts)
{
	struct buf why = BUF_INIT;
	bool told;

	memset(counts, 0, sizeof(*counts));
	if (clock_now() < anvil->not_before)
		return false;
	told = exchange(anvil, report, counts, &why) || exchange(anvil, report, counts, &why);
	if (!told) {
		log_warn("%s service is not available: %s", anvil->path, buf_c(&why));
		anvil->not_before = clock_now() + PAUSE_MS;
		hang_up(anvil);
	}
	buf_fini(&why);
	return told;
}

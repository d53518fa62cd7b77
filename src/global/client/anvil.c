#include "global/client/anvil.h"

#include "global/client/call.h"
#include "util/log/log.h"

enum { PAUSE_MS = 10000 };	/* not asked again so soon after it could not be reached */

struct anvil {
	struct caller *caller;
	char *path;
	msec_t not_before;
	unsigned open;			/* connections that we told of, and that are not over */
};

struct anvil *
anvil_new(const char *path, msec_t timeout_ms)
{
	struct anvil *anvil = mem_new(sizeof(*anvil));

	anvil->path = mem_string(path);
	anvil->caller = caller_new(path, &anvil_protocol, timeout_ms);
	return anvil;
}

void
anvil_free(struct anvil *anvil)
{
	if (anvil == NULL)
		return;
	caller_free(anvil->caller);
	mem_free(anvil->path);
	mem_free(anvil);
}

/* What we told of ends with our connection: while it matters that one is kept, whatever ipc_idle says. */
static void
note_open(struct anvil *anvil, int event)
{
	if (event == ANVIL_CONNECT)
		anvil->open++;
	else if (event == ANVIL_DISCONNECT && anvil->open > 0)
		anvil->open--;
	caller_hold(anvil->caller, anvil->open > 0);
}

static bool
exchange(struct anvil *anvil, const struct anvil_report *report, struct anvil_counts *counts, struct buf *why)
{
	struct buf question = BUF_INIT;
	struct frame answer;
	bool ok;

	anvil_report_put(&question, report);
	ok = caller_ask(anvil->caller, buf_view(&question), &answer, why) && anvil_counts_get(&answer, counts, why);
	buf_fini(&question);
	return ok;
}

bool
anvil_tell(struct anvil *anvil, const struct anvil_report *report, struct anvil_counts *counts)
{
	struct buf why = BUF_INIT;
	bool told;

	memset(counts, 0, sizeof(*counts));
	if (clock_now() < anvil->not_before)
		return false;
	told = exchange(anvil, report, counts, &why);
	if (told) {
		note_open(anvil, report->event);
	} else {
		log_warn("%s service is not available: %s", anvil->path, buf_c(&why));
		anvil->not_before = clock_now() + PAUSE_MS;
		anvil->open = 0;
		caller_hold(anvil->caller, false);
		caller_release(anvil->caller);
	}
	buf_fini(&why);
	return told;
}

#include "global/client/call.h"

#include <sys/stat.h>
#include <unistd.h>

#include "util/base/list.h"

struct caller {
	struct list link;		/* of all callers of this process */
	char *path;
	const struct ipc_protocol *protocol;
	msec_t timeout_ms;
	struct channel *channel;	/* NULL: none */
	bool held;			/* its connection is kept whatever its age */
	unsigned connections;		/* made so far */
	msec_t opened, used;		/* when that was */
	struct buf answer;		/* the frame's own bytes are gone when READY is read */
};

/* What holds for all callers of the process. */
static struct {
	struct list callers;
	msec_t idle_ms, ttl_ms;
} all = { .callers = LIST_INIT(all.callers) };

void
callers_set_limits(msec_t idle_ms, msec_t ttl_ms)
{
	all.idle_ms = idle_ms;
	all.ttl_ms = ttl_ms;
}

/* When the kept connection must be closed. */
static msec_t
expiry(const struct caller *caller)
{
	msec_t idle = all.idle_ms > 0 ? caller->used + all.idle_ms : CLOCK_NEVER;
	msec_t end = all.ttl_ms > 0 ? caller->opened + all.ttl_ms : CLOCK_NEVER;

	if (caller->held)
		return CLOCK_NEVER;
	return idle < end ? idle : end;
}

msec_t
callers_expire(void)
{
	msec_t now = clock_now(), next = CLOCK_NEVER;

	LIST_FOREACH(caller, &all.callers, struct caller, link) {
		msec_t due = caller->channel != NULL ? expiry(caller) : CLOCK_NEVER;

		if (due <= now)
			caller_release(caller);
		else if (due < next)
			next = due;
	}
	return next;
}

struct caller *
caller_new(const char *path, const struct ipc_protocol *protocol, msec_t timeout_ms)
{
	struct caller *caller = mem_new(sizeof(*caller));

	caller->path = mem_string(path);
	caller->protocol = protocol;
	caller->timeout_ms = timeout_ms;
	list_append(&all.callers, &caller->link);
	return caller;
}

void
caller_hold(struct caller *caller, bool held)
{
	caller->held = held;
}

void
caller_release(struct caller *caller)
{
	channel_free(caller->channel);
	caller->channel = NULL;
}

void
caller_free(struct caller *caller)
{
	if (caller == NULL)
		return;
	caller_release(caller);
	list_remove(&caller->link);
	buf_fini(&caller->answer);
	mem_free(caller->path);
	mem_free(caller);
}

unsigned
caller_connection(struct caller *caller)
{
	if (caller->channel != NULL && (expiry(caller) <= clock_now() || !channel_ready(caller->channel)))
		caller_release(caller);
	return caller->channel != NULL ? caller->connections : 0;
}

static bool
connect_fresh(struct caller *caller, struct buf *why)
{
	caller->channel = channel_connect(caller->path, caller->protocol, clock_deadline(caller->timeout_ms), why);
	caller->connections++;
	caller->opened = caller->used = clock_now();
	return caller->channel != NULL;
}

/* One exchange on the open channel. */
static bool
exchange(struct caller *caller, struct view question, int *fd, struct frame *answer, struct buf *why)
{
	msec_t deadline = clock_deadline(caller->timeout_ms);

	if (*fd != -1)
		channel_put_fd(caller->channel, *fd);
	*fd = -1;
	buf_putv(channel_out(caller->channel), question);
	if (channel_flush(caller->channel, deadline) != CHANNEL_OK
	    || channel_read(caller->channel, answer, deadline) != CHANNEL_OK) {
		why_set(why, "%s: %s", caller->path, channel_why(caller->channel));
		return false;
	}
	*fd = channel_take_fd(caller->channel);
	buf_set(&caller->answer, answer->payload);
	answer->payload = buf_view(&caller->answer);
	caller->used = clock_now();
	if (!channel_finish(caller->channel, deadline))
		caller_release(caller);
	return true;
}

static void
give_up_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

bool
caller_ask_passing(struct caller *caller, struct view question, int *fd, struct frame *answer, struct buf *why)
{
	int attempts = *fd != -1 ? 1 : 2;

	for (int attempt = 0; attempt < attempts; attempt++) {
		if (caller_connection(caller) == 0 && !connect_fresh(caller, why))
			break;
		if (exchange(caller, question, fd, answer, why))
			return true;
		caller_release(caller);
	}
	give_up_fd(fd);
	return false;
}

bool
caller_ask(struct caller *caller, struct view question, struct frame *answer, struct buf *why)
{
	int fd = -1;
	bool ok = caller_ask_passing(caller, question, &fd, answer, why);

	give_up_fd(&fd);
	return ok;
}

static bool
is_here(const char *directory)
{
	struct stat here, there;

	return stat(".", &here) == 0 && stat(directory, &there) == 0 && here.st_dev == there.st_dev &&
	    here.st_ino == there.st_ino;
}

void
caller_path(const char *queue_directory, const char *name, struct buf *out)
{
	if (!is_here(queue_directory))
		buf_printf(out, "%s/", queue_directory);
	buf_printf(out, "private/%s", name);
}

/* bounce_async: notices asked for by an event-driven process, which never waits (qmgr). */
#include "global/client/bounce.h"
#include "util/ipc/async.h"
#include "util/log/log.h"

struct pending {
	struct loop *loop;
	struct async *async;
	struct buf frames, path, queue_id;
	bounce_done *done;
	void *arg;
	bool sent_request;
	struct loop_timer failed;	/* a connection refused at once is reported from the loop like any other */
};

static void
finish(struct pending *p, bool ok)
{
	bounce_done *done = p->done;
	void *arg = p->arg;

	loop_timer_stop(&p->failed);
	if (p->async != NULL)
		async_close(p->async);
	buf_fini(&p->frames);
	buf_fini(&p->path);
	buf_fini(&p->queue_id);
	mem_free(p);
	done(ok, arg);
}

static void
fail(struct pending *p, const char *why)
{
	log_warn("%s: %s service failure: %s", buf_c(&p->queue_id), buf_c(&p->path), why);
	finish(p, false);
}

static void
answered(struct pending *p, const struct frame *frame)
{
	struct buf why = BUF_INIT;
	bool ok;

	if (bounce_status_get(frame, &ok, &why))
		finish(p, ok);
	else
		fail(p, buf_c(&why));
	buf_fini(&why);
}

static void
event(struct async *async, enum async_event what, const struct frame *frame, const char *why, void *arg)
{
	struct pending *p = arg;

	switch (what) {
	case ASYNC_READY:
		if (!p->sent_request)
			async_send(async, buf_view(&p->frames));
		p->sent_request = true;
		break;
	case ASYNC_FRAME:
		answered(p, frame);
		break;
	case ASYNC_RETIRED:
		if (!p->sent_request)
			fail(p, "the service is leaving");
		break;
	case ASYNC_CLOSED:
		fail(p, why);
		break;
	}
}

static void
refused(void *arg)
{
	finish(arg, false);
}

static struct pending *
pending_new(struct loop *loop, const char *path, struct view queue_id, bounce_done *done, void *arg)
{
	struct pending *p = mem_new(sizeof(*p));

	p->loop = loop;
	p->done = done;
	p->arg = arg;
	buf_puts(&p->path, path);
	buf_putv(&p->queue_id, queue_id);
	return p;
}

static void
start(struct pending *p, msec_t timeout_ms)
{
	struct buf why = BUF_INIT;

	p->async = async_connect(p->loop, buf_c(&p->path), &bounce_protocol, timeout_ms, event, p, &why);
	if (p->async == NULL) {
		log_warn("%s: %s service failure: %s", buf_c(&p->queue_id), buf_c(&p->path), buf_c(&why));
		loop_timer_start(p->loop, &p->failed, 0, refused, p);
	}
	buf_fini(&why);
}

void
bounce_notice_start(struct loop *loop, const char *path, int type, const struct bounce_notice *notice, msec_t timeout_ms,
    bounce_done *done, void *arg)
{
	struct pending *p = pending_new(loop, path, notice->queue_id, done, arg);

	bounce_notice_put(&p->frames, (unsigned)type, notice);
	start(p, timeout_ms);
}

void
bounce_append_start(struct loop *loop, const char *path, const struct bounce_entry *entry, msec_t timeout_ms,
    bounce_done *done, void *arg)
{
	struct pending *p = pending_new(loop, path, entry->queue_id, done, arg);

	bounce_entry_put(&p->frames, BOUNCE_FRAME_APPEND, entry);
	start(p, timeout_ms);
}

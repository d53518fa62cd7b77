/* agent: the frame of every delivery agent: request in, queue file opened and locked, delivery, report out. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/client/verify.h"
#include "global/delivery/delivery.h"
#include "global/delivery/status_filter.h"
#include "global/maillog/maillog.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/process/process.h"

static const struct binding bindings[] = {
	BIND_STRING(struct delivery_settings, bounce_service, "bounce_service_name"),
	BIND_STRING(struct delivery_settings, defer_service, "defer_service_name"),
	BIND_STRING(struct delivery_settings, trace_service, "trace_service_name"),
	BIND_STRING(struct delivery_settings, verify_service, "address_verify_service_name"),
	BIND_TIME(struct delivery_settings, ipc_timeout_sec, "ipc_timeout"),
	BIND_INT(struct delivery_settings, delay_resolution, "delay_logging_resolution_limit"),
	BIND_BOOL(struct delivery_settings, soft_bounce, "soft_bounce"),
	BIND_BOOL(struct delivery_settings, original_recipient, "enable_original_recipient"),
	BIND_STRING(struct delivery_settings, layout.hashed_names, "hash_queue_names"),
	BIND_INT(struct delivery_settings, layout.hash_depth, "hash_queue_depth"),
	BIND_BOOL(struct delivery_settings, layout.long_ids, "enable_long_queue_ids"),
	BIND_END
};

/* A process is one agent, and has these once. */
static struct delivery_settings settings;

/* Only those who keep root need to know; the others can open nothing else. */
static bool
find_queue_owner(struct config *config, struct buf *why)
{
	const char *name = config_string(config, "mail_owner", why);
	struct identity owner;

	if (name == NULL || geteuid() != 0)
		return name != NULL;
	if (!identity_of_user(name, &owner)) {
		why_set(why, "mail_owner = %s: no such user", name);
		return false;
	}
	settings.queue_owner = owner.uid;
	identity_fini(&owner);
	return true;
}

/* It connects when there is a probe to tell about. */
static void
open_verifier(void)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "private/%s", settings.verify_service);
	settings.verifier = verifier_new(buf_c(&path), (msec_t)settings.ipc_timeout_sec * 1000);
	buf_fini(&path);
}

bool
delivery_agent_prepare(struct config *config, struct buf *why)
{
	if (!config_bind(config, bindings, &settings, why))
		return false;
	if (!fast_flush_open(&settings.fast_flush, config, why) || !find_queue_owner(config, why))
		return false;
	maillog_set_resolution(settings.delay_resolution);
	open_verifier();
	return delivery_filter_open(config, &settings.filter, why);
}

struct recipients {
	struct queue_recipient *list;
	size_t count, room;
};

static void
recipients_add(struct recipients *all, struct arena *arena, const struct queue_recipient *one)
{
	if (all->count == all->room) {
		size_t room = all->room > 0 ? 2 * all->room : 64;
		struct queue_recipient *list = arena_alloc_array(arena, room, sizeof(*list));

		if (all->count > 0)
			memcpy(list, all->list, all->count * sizeof(*list));
		all->list = list;
		all->room = room;
	}
	all->list[all->count++] = *one;
}

/* The rest of the run: one recipient per frame. */
static bool
read_recipients(struct channel *channel, struct arena *arena, struct delivery_request *request, struct buf *why)
{
	msec_t deadline = clock_deadline((msec_t)settings.ipc_timeout_sec * 1000);
	struct recipients all = { NULL, 0, 0 };
	struct queue_recipient one;
	struct frame frame;

	do {
		if (channel_read(channel, &frame, deadline) != CHANNEL_OK) {
			why_set(why, "%s", channel_why(channel));
			return false;
		}
		if (all.count >= DELIVERY_RECIPIENTS_MAX) {
			why_set(why, "too many recipients in delivery request");
			return false;
		}
		if (!delivery_recipient_get(&frame, arena, &one, why))
			return false;
		recipients_add(&all, arena, &one);
	} while (frame.flags & FRAME_MORE);
	request->recipients = all.list;
	request->recipient_count = all.count;
	return true;
}

/*
 * The directory is mail_owner's: what root opens there could have been planted, as a link to a file of another user, or
 * as something that never answers. A second name is good: after a crash a message may stand in two queues.
 */
static int
open_queue_file(const char *path, struct buf *why)
{
	int fd = file_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0, why);
	struct stat st;

	if (fd == -1 || geteuid() != 0)
		return fd;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == settings.queue_owner)
		return fd;
	why_set(why, "open %s: not a file of mail_owner", path);
	close(fd);
	errno = EPERM;
	return -1;
}

/* True when the file is ours to deliver from; else the report says why not. */
static bool
open_message(struct delivery_request *request, struct delivery_report *report)
{
	struct buf path = BUF_INIT, why = BUF_INIT, queue = BUF_INIT;
	bool ok = false;

	buf_putv(&queue, request->queue_name);
	queue_path(&path, &settings.layout, buf_c(&queue), request->queue_id);
	request->fd = open_queue_file(buf_c(&path), &why);
	if (request->fd == -1 && errno == ENOENT) {
		report->result = DELIVERY_GONE;
	} else if (request->fd == -1) {
		log_warn("%.*s: %s", VIEW_ARG(request->queue_id), buf_c(&why));
	} else if (!(ok = file_lock(request->fd, FILE_LOCK_FLOCK, FILE_LOCK_SHARED, 0))) {
		log_warn("%s: the queue file is locked by another process: %s", buf_c(&path), strerror(errno));
	}
	buf_fini(&queue);
	buf_fini(&why);
	buf_fini(&path);
	return ok;
}

static void
deliver_locked(void *agent, struct delivery_request *request, struct delivery_report *report, delivery_function *deliver)
{
	if (!open_message(request, report))
		goto out;
	report->result = DELIVERY_DONE;
	deliver(agent, request, report);
out:
	if (request->fd != -1)
		close(request->fd);
}

bool
delivery_agent_serve(void *agent, struct channel *channel, const struct frame *first, delivery_function *deliver)
{
	struct arena arena = ARENA_INIT;
	struct buf why = BUF_INIT;
	struct delivery_request request = { .fd = -1 };
	struct delivery_report report = { .result = DELIVERY_DEFERRED };
	bool understood;

	assert(settings.bounce_service != NULL);	/* delivery_agent_prepare() was called */
	dsn_init(&report.dsn);
	understood = delivery_request_get(first, &arena, &request, &why) &&
	    read_recipients(channel, &arena, &request, &why);
	if (understood) {
		request.settings = &settings;
		request.times.agent_handoff = clock_wall();
		deliver_locked(agent, &request, &report, deliver);
		delivery_report_put(channel_out(channel), &report);
	} else {
		log_warn("delivery request: %s", buf_c(&why));
	}
	dsn_fini(&report.dsn);
	buf_fini(&why);
	arena_fini(&arena);
	return understood;
}

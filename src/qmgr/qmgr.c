/*
 * qmgr: the queue manager. It moves messages from incoming and deferred to active, asks where each recipient goes, lets
 * the scheduler say who is served next, and hands delivery requests to agents. It never waits: all it does is answer
 * events, and then take a turn.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "global/client/qmgr.h"
#include "global/maillog/maillog.h"
#include "qmgr/qmgr.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { RESOLVING_MAX = 50, LEAVE_POLL_MS = 100, LEAVE_MAX_MS = 10000 };

/* -- a turn -------------------------------------------------------------------------------------------------------- */

static void
read_on(struct qmgr *qmgr)
{
	struct mail *mail;

	while ((mail = LIST_FIRST(&qmgr->refills, struct mail, refill_link)) != NULL) {
		list_remove(&mail->refill_link);
		loading_begin(qmgr, view_string(mail->id));
		mail_read_on(mail);
		loading_end(qmgr);
	}
}

/* Takes in one message at most, so that deliveries come first. */
static bool
take_in(struct qmgr *qmgr)
{
	if (qmgr->schedule.messages >= (size_t)qmgr->config->active_limit) {
		qmgr->next_scan = SCAN_INCOMING;
		return false;
	}
	return qmgr->resolving < RESOLVING_MAX && scan_feed(qmgr);
}

static void	wake_for_schedule(void *arg);

static void
turn(void *arg)
{
	struct qmgr *qmgr = arg;
	msec_t next;

	schedule_run_wakeups(&qmgr->schedule);
	deliver_all(qmgr);
	if (qmgr->stopping)
		return;
	read_on(qmgr);
	if (take_in(qmgr))
		qmgr_wake(qmgr);
	else
		scan_flow(qmgr, false);
	next = schedule_next_wakeup(&qmgr->schedule);
	if (next == CLOCK_NEVER)
		loop_timer_stop(&qmgr->wakeup);
	else
		loop_timer_start(qmgr->loop, &qmgr->wakeup, next > clock_now() ? next - clock_now() : 0, wake_for_schedule, qmgr);
}

static void
wake_for_schedule(void *arg)
{
	qmgr_wake(arg);
}

void
qmgr_wake(struct qmgr *qmgr)
{
	if (!loop_timer_running(&qmgr->turn))
		loop_timer_start(qmgr->loop, &qmgr->turn, 0, turn, qmgr);
}

static void
run_deferred(void *arg)
{
	struct qmgr *qmgr = arg;

	setback_run(qmgr);
	scan_request(qmgr, SCAN_DEFERRED, false, false);
	loop_timer_start(qmgr->loop, &qmgr->deferred_run, (msec_t)qmgr->config->queue_run_delay_sec * 1000, run_deferred, qmgr);
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

/* All letters of a request are one: "FDA" scans once, with everything forgotten and all time stamps ignored. */
static void
trigger(struct service_context *ctx, struct view requests)
{
	struct qmgr *qmgr = service_state(ctx);
	bool flush = view_find(requests, QMGR_REQUEST_FLUSH) != -1;
	bool all = view_find(requests, QMGR_REQUEST_ALL) != -1;

	if (flush)
		schedule_revive_all(&qmgr->schedule);
	for (int i = 0; i < SCAN_COUNT; i++) {
		struct scan *scan = &qmgr->scans[i];

		scan->all = scan->all || (all && scan->walk != NULL);
		scan->flush = scan->flush || (flush && scan->walk != NULL);
		scan->all_again = scan->all_again || all;
		scan->flush_again = scan->flush_again || flush;
	}
	if (view_find(requests, QMGR_REQUEST_DEFERRED) != -1)
		scan_request(qmgr, SCAN_DEFERRED, all, flush);
	if (view_find(requests, QMGR_REQUEST_INCOMING) != -1 || view_find(requests, QMGR_REQUEST_WAKEUP) != -1 ||
	    view_find(requests, '\0') != -1)
		scan_request(qmgr, SCAN_INCOMING, all, flush);
}

/* A hint: what cannot be taken now is found by a scan. */
static void
announced(struct service_context *ctx, const struct frame *frame)
{
	struct qmgr *qmgr = service_state(ctx);
	struct qmgr_announcement announcement;
	struct buf why = BUF_INIT;

	if (!qmgr_announcement_get(frame, &announcement, &why)) {
		log_warn("announcement: %s", buf_c(&why));
	} else if (qmgr->stopping || qmgr->schedule.messages >= (size_t)qmgr->config->active_limit ||
	    qmgr->resolving >= RESOLVING_MAX) {
		scan_request(qmgr, SCAN_INCOMING, false, false);
	} else if (hash_get(qmgr->mails, announcement.queue_id) == NULL) {
		struct queue_image image = { announcement.head, announcement.tail, (off_t)announcement.tail_at };

		if (mail_load_announced(qmgr, announcement.queue_id, image.head.len > 0 ? &image : NULL) == MAIL_LOADED)
			scan_flow(qmgr, true);
		qmgr_wake(qmgr);
	}
	buf_fini(&why);
}

/* -- what the scheduler asks for ----------------------------------------------------------------------------------- */

static void
hook_limits(const char *transport, struct transport_limits *out, void *arg)
{
	struct qmgr *qmgr = arg;

	qmgr_config_transport(service_settings(qmgr->service), transport, out);
}

static void
hook_refill(struct message *message, void *arg)
{
	mail_refill(mail_of(message));
}

static void
hook_finished(struct message *message, void *arg)
{
	active_done(mail_of(message));
}

static void
hook_defer(struct entry *entry, const struct dsn *reason, void *arg)
{
	defer_entry(arg, entry, reason);
}

/* -- life ---------------------------------------------------------------------------------------------------------- */

/*
 * After a sudden death of master the process of before lets its agents finish, and the next one must not find in active
 * what is under way there. The lock goes with the process that holds it, however it ends; no reload and no crash waits.
 */
static void
be_the_only_one(struct service_context *ctx)
{
	const struct qmgr_config *config = service_config(ctx);
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct stat st;
	int fd;

	buf_printf(&path, "%s/unix.%s", config->pid_directory, service_name(ctx));
	fd = file_open_checked(buf_c(&path), O_RDWR | O_CREAT, 0600, (uid_t)-1, &st, &why);
	if (fd == -1)
		log_fatal("%s", buf_c(&why));
	if (!file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0)) {
		log_info("waiting for the queue manager of before to leave");
		if (!file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, clock_deadline(2 * LEAVE_MAX_MS)))
			log_fatal("another queue manager is still at work: %s is locked", buf_c(&path));
	}
	buf_fini(&path);
	buf_fini(&why);
}

static void
prepare(struct service_context *ctx)
{
	struct qmgr *qmgr = mem_new(sizeof(*qmgr));
	struct buf why = BUF_INIT;

	be_the_only_one(ctx);
	if (!fast_flush_open(&qmgr->fast_flush, service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
	service_set_state(ctx, qmgr);
}

static void
start(struct service_context *ctx)
{
	struct qmgr *qmgr = service_state(ctx);
	struct schedule_hooks hooks = { hook_limits, hook_refill, hook_finished, hook_defer, qmgr };
	struct schedule_limits limits;
	struct buf path = BUF_INIT;

	qmgr->service = ctx;
	qmgr->config = service_config(ctx);
	qmgr->loop = service_loop(ctx);
	qmgr->started = clock_wall();
	qmgr->mails = hash_new();
	list_init(&qmgr->agents);
	list_init(&qmgr->refills);
	qmgr->setbacks = hash_new();
	list_init(&qmgr->setback_list);
	qmgr->scans[SCAN_INCOMING].queue = QUEUE_INCOMING;
	qmgr->scans[SCAN_DEFERRED].queue = QUEUE_DEFERRED;
	qmgr_config_schedule(qmgr->config, &limits);
	schedule_init(&qmgr->schedule, &limits, &hooks);
	buf_printf(&path, "private/%s", qmgr->config->rewrite_service);
	qmgr->resolver = resolver_async_new(qmgr->loop, buf_c(&path), (msec_t)qmgr->config->ipc_timeout_sec * 1000);
	buf_fini(&path);
	resolver_async_keep(qmgr->resolver, (msec_t)qmgr->config->ipc_idle_sec * 1000, (msec_t)qmgr->config->ipc_ttl_sec * 1000);
	maillog_set_resolution(qmgr->config->delay_resolution);
	scan_recover_active(qmgr);
	loading_start(qmgr);
	scan_request(qmgr, SCAN_INCOMING, false, false);
	run_deferred(qmgr);
}

static void
poll_leave(void *arg)
{
	struct qmgr *qmgr = arg;

	if ((!deliver_busy(qmgr) && qmgr->notices == 0) || qmgr->leave_at <= clock_now())
		service_leave(qmgr->service);
	else
		loop_timer_start(qmgr->loop, &qmgr->wakeup, LEAVE_POLL_MS, poll_leave, qmgr);
}

/* Lets agents and notices finish for a while; what is left over the next process finds in active, and asks for again. */
static void
retiring(struct service_context *ctx)
{
	struct qmgr *qmgr = service_state(ctx);

	qmgr->stopping = true;
	qmgr->leave_at = clock_now() + LEAVE_MAX_MS;
	deliver_stop(qmgr);
	loop_timer_stop(&qmgr->deferred_run);
	poll_leave(qmgr);
}

static const struct service qmgr_service = {
	.name = "qmgr",
	.shape = SERVICE_MANAGER,
	.flags = SERVICE_SOLITARY | SERVICE_NO_MAX_USE | SERVICE_NO_RETIRE,
	.protocol = &qmgr_protocol,
	.bindings = qmgr_bindings,
	.config_size = sizeof(struct qmgr_config),
	.promises = "stdio queue-create unix-connect",
	.watchdog = "qmgr_daemon_timeout",
	.prepare = prepare,
	.start = start,
	.trigger = trigger,
	.announced = announced,
	.retiring = retiring,
};

int
main(int argc, char **argv)
{
	return service_main(&qmgr_service, argc, argv);
}

/* scan: finding messages in incoming and deferred, one per turn, the two in turn. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "global/queue/queue_scan.h"
#include "qmgr/qmgr.h"
#include "util/log/log.h"

enum { LOOK_MAX = 200 };	/* files passed over in one turn */

static void
scan_start(struct scan *scan, bool all, bool flush)
{
	scan->walk = queue_scan_open(scan->queue);
	scan->all = all;
	scan->flush = flush;
	scan->again = scan->all_again = scan->flush_again = false;
}

/* A request during a scan holds for its rest, and causes one more. */
void
scan_request(struct qmgr *qmgr, int which, bool all, bool flush)
{
	struct scan *scan = &qmgr->scans[which];

	if (scan->walk == NULL) {
		scan_start(scan, all || scan->all_again, flush || scan->flush_again);
	} else {
		scan->again = true;
		scan->all = scan->all || all;
		scan->flush = scan->flush || flush;
		scan->all_again = scan->all_again || all;
		scan->flush_again = scan->flush_again || flush;
	}
	qmgr_wake(qmgr);
}

static void
scan_end(struct scan *scan)
{
	queue_scan_close(scan->walk);
	scan->walk = NULL;
	scan->all = scan->flush = false;
	if (scan->again)
		scan_start(scan, scan->all_again, scan->flush_again);
}

/* Complete, and due: times a little ahead are those of a file system whose clock is not ours. */
static bool
is_due(const struct scan *scan, const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1 || !queue_file_complete(&st))
		return false;
	return scan->all || st.st_mtime <= clock_wall().tv_sec + 1;
}

/* True when a message was loaded. Ends the scan when nothing is left. */
static bool
scan_take(struct qmgr *qmgr, struct scan *scan)
{
	struct buf path_text = BUF_INIT;
	struct view id, path;
	bool loaded = false;

	for (int i = 0; i < LOOK_MAX && !loaded && scan->walk != NULL; i++) {
		if (!queue_scan_next(scan->walk, &id, &path)) {
			scan_end(scan);
			break;
		}
		buf_set(&path_text, path);
		if (hash_get(qmgr->mails, id) == NULL && (scan->all || !setback_waits(qmgr, id)) && is_due(scan, buf_c(&path_text)))
			loaded = mail_load(qmgr, scan->queue, id, scan->flush) == MAIL_LOADED;
	}
	buf_fini(&path_text);
	return loaded;
}

bool
scan_feed(struct qmgr *qmgr)
{
	for (int i = 0; i < SCAN_COUNT; i++) {
		int which = (qmgr->next_scan + i) % SCAN_COUNT;
		struct scan *scan = &qmgr->scans[which];

		if (scan->walk == NULL)
			continue;
		if (!scan_take(qmgr, scan))
			continue;
		if (which == SCAN_INCOMING)
			scan_flow(qmgr, true);
		qmgr->next_scan = (which + 1) % SCAN_COUNT;
		break;
	}
	return qmgr->scans[SCAN_INCOMING].walk != NULL || qmgr->scans[SCAN_DEFERRED].walk != NULL;
}

static void
recover(struct qmgr *qmgr, struct view id, struct view path)
{
	struct buf text = BUF_INIT, why = BUF_INIT;

	buf_putv(&text, path);
	if (utimensat(AT_FDCWD, buf_c(&text), NULL, 0) == -1 && errno != ENOENT)
		log_warn("%s: cannot set the time stamp: %s", buf_c(&text), strerror(errno));
	if (!queue_move(&qmgr->config->layout, QUEUE_ACTIVE, QUEUE_INCOMING, id, &why) && errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	buf_fini(&text);
}

/* What the queue manager before us had at work. A delivery that still runs is known by its lock, later. */
void
scan_recover_active(struct qmgr *qmgr)
{
	struct queue_scan *scan = queue_scan_open(QUEUE_ACTIVE);
	struct view id, path;

	while (queue_scan_next(scan, &id, &path))
		recover(qmgr, id, path);
	queue_scan_close(scan);
}

/* -- flow control: a token in the pipe for each message that receivers may bring ------------------------------------- */

enum { COUNT_TOKENS_MS = 200 };

static void
flow_put(int fd, int count)
{
	static const char tokens[512];

	for (; count > 0; count -= (int)sizeof(tokens))
		if (write(fd, tokens, count < (int)sizeof(tokens) ? (size_t)count : sizeof(tokens)) == -1)
			return;		/* full, which is as good */
}

static void
flow_take(int fd, int count)
{
	char tokens[512];

	for (; count > 0; count -= (int)sizeof(tokens))
		if (read(fd, tokens, count < (int)sizeof(tokens) ? (size_t)count : sizeof(tokens)) == -1)
			return;
}

void
scan_flow(struct qmgr *qmgr, bool loaded)
{
	int in = service_flow_read(qmgr->service), out = service_flow_write(qmgr->service);
	int limit = qmgr->config->process_limit, count = 0;

	if (in == -1 || out == -1)
		return;
	if (loaded)
		flow_put(out, 1);
	if (clock_now() - qmgr->counted < COUNT_TOKENS_MS)
		return;
	qmgr->counted = clock_now();
	if (ioctl(in, FIONREAD, &count) == -1)
		return;
	if (count > limit)
		flow_take(in, count - limit);
	else if (qmgr->scans[SCAN_INCOMING].walk == NULL)
		flow_put(out, limit - count);
}

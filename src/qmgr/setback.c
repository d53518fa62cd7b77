/*
 * setback: a message goes back to wait, and the file itself should say until when. Where it cannot be stamped or moved,
 * the time stands in memory: a file of another owner is not tried at every scan, and one that stayed in active is not
 * forgotten there.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "qmgr/qmgr.h"
#include "util/log/log.h"

struct setback {
	struct list link;
	char *id;
	msec_t due;
};

static void
forget(struct qmgr *qmgr, struct setback *setback)
{
	hash_remove(qmgr->setbacks, view_string(setback->id));
	list_remove(&setback->link);
	mem_free(setback->id);
	mem_free(setback);
}

static void
remember(struct qmgr *qmgr, const char *id, int delay_sec)
{
	struct setback *setback = hash_get(qmgr->setbacks, view_string(id));

	if (setback == NULL) {
		setback = mem_new(sizeof(*setback));
		setback->id = mem_string(id);
		hash_put(qmgr->setbacks, view_string(id), setback);
		list_append(&qmgr->setback_list, &setback->link);
	}
	setback->due = clock_now() + (msec_t)delay_sec * 1000;
}

static bool
stamp(const char *path, int delay_sec)
{
	struct timespec times[2] = { { .tv_sec = clock_wall().tv_sec + delay_sec } };

	times[1] = times[0];
	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
		return true;
	log_warn("%s: cannot set the time stamp: %s", path, strerror(errno));
	return false;
}

/* True when it is there, or gone. */
static bool
move(struct qmgr *qmgr, const char *to_queue, struct view id)
{
	struct buf why = BUF_INIT;
	bool moved = queue_move(&qmgr->config->layout, QUEUE_ACTIVE, to_queue, id, &why) || errno == ENOENT;

	if (!moved)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	return moved;
}

void
setback_message(struct mail *mail, int delay_sec)
{
	struct qmgr *qmgr = mail->qmgr;
	struct view id = view_string(mail->id);
	struct buf path = BUF_INIT;
	bool stamped, moved;

	mail_path(mail, &path);
	stamped = stamp(buf_c(&path), delay_sec);
	moved = move(qmgr, QUEUE_DEFERRED, id) || move(qmgr, QUEUE_INCOMING, id);
	if (!stamped || !moved)
		remember(qmgr, mail->id, delay_sec);
	buf_fini(&path);
}

bool
setback_waits(const struct qmgr *qmgr, struct view id)
{
	return hash_count(qmgr->setbacks) > 0 && hash_get(qmgr->setbacks, id) != NULL;
}

static void
try_again(struct qmgr *qmgr, struct setback *setback)
{
	if (hash_get(qmgr->mails, view_string(setback->id)) == NULL)
		move(qmgr, QUEUE_INCOMING, view_string(setback->id));
	forget(qmgr, setback);
}

void
setback_run(struct qmgr *qmgr)
{
	LIST_FOREACH_SAFE(setback, after, &qmgr->setback_list, struct setback, link)
		if (setback->due <= clock_now())
			try_again(qmgr, setback);
}

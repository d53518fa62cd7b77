/*
 * active: what becomes of a message when all recipients that were read have been tried. One step after the other; those
 * that ask the bounce service end in its answer, and the next step begins there.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/maillog/maillog.h"
#include "global/queue/bounce_log.h"
#include "global/queue/record.h"
#include "qmgr/qmgr.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { MODE_CORRUPT = 0400, NOTIFY_SUCCESS_IN_FLAGS = DSN_NOTIFY_SUCCESS << 1 };
enum { LOG_NONE = -1, LOG_UNSEEN = -2 };

/* -- the bounce services ------------------------------------------------------------------------------------------- */

static void
notice_answered(bool sent, void *arg)
{
	struct mail *mail = arg;

	mail->qmgr->notices--;
	mail->answered(sent, mail);
}

static void
ask(struct mail *mail, const char *service, int type, bounce_done *done)
{
	const struct qmgr_config *config = mail->qmgr->config;
	const struct queue_envelope *e = &mail->envelope;
	bool verp = !view_empty(e->verp) && !config->disable_verp_bounces;
	struct bounce_notice notice = {
		.queue_name = VIEW(QUEUE_ACTIVE), .queue_id = view_string(mail->id), .encoding = e->encoding,
		.sender = e->sender, .envid = e->envid, .ret = e->ret, .options = (unsigned)e->size.options,
		.flags = BOUNCE_FLAG_KEEP, .verp = verp ? e->verp : VIEW_EMPTY, .warn = type == BOUNCE_FRAME_WARN,
	};
	struct buf path = BUF_INIT;

	mail->answered = done;
	mail->qmgr->notices++;
	buf_printf(&path, "private/%s", service);
	bounce_notice_start(mail->qmgr->loop, buf_c(&path), type, &notice, (msec_t)config->ipc_timeout_sec * 1000,
	    notice_answered, mail);
	buf_fini(&path);
}

/* The size of a log of this message, when there is one and it can be seen. */
static off_t
log_size(struct mail *mail, const char *queue)
{
	struct buf path = BUF_INIT;
	struct stat st;
	off_t size = LOG_NONE;

	queue_path(&path, &mail->qmgr->config->layout, queue, view_string(mail->id));
	if (stat(buf_c(&path), &st) == 0)
		size = st.st_size;
	else if (errno != ENOENT) {
		log_warn("stat %s: %s", buf_c(&path), strerror(errno));
		size = LOG_UNSEEN;
	}
	buf_fini(&path);
	return size;
}

static void
remove_log(struct mail *mail, const char *queue)
{
	struct buf why = BUF_INIT;

	if (!queue_remove(&mail->qmgr->config->layout, queue, view_string(mail->id), &why) && errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
}

/* Left by somebody who could not write it. */
static void
remove_empty_log(struct mail *mail)
{
	struct buf why = BUF_INIT;

	if (!bounce_log_remove(&mail->qmgr->config->layout, QUEUE_BOUNCE, view_string(mail->id), NULL, &why))
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
}

/* -- in-place updates ---------------------------------------------------------------------------------------------- */

static void
overwrite(struct mail *mail, off_t at, const void *data, size_t len)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	int fd;

	mail_path(mail, &path);
	if ((fd = file_open(buf_c(&path), O_WRONLY, 0, &why)) == -1 || !file_pwrite_all(fd, data, len, at))
		log_warn("%s: cannot update the queue file: %s", mail->id, strerror(errno));
	if (fd != -1)
		close(fd);
	buf_fini(&why);
	buf_fini(&path);
}

static void
warning_was_sent(struct mail *mail)
{
	struct buf record = BUF_INIT;

	record_printf(&record, RECORD_WARN_TIME, "%15d", -1);
	overwrite(mail, mail->envelope.warn_offset, record.data, record.len);
	buf_fini(&record);
	mail->envelope.warn_time = 0;
}

static void
trace_was_sent(struct mail *mail)
{
	static const char killed = RECORD_KILLED;

	if (mail->envelope.trace_offset > 0)
		overwrite(mail, mail->envelope.trace_offset, &killed, 1);
	mail->envelope.trace_flags = 0;
}

/* -- the end ------------------------------------------------------------------------------------------------------- */

void
active_set_aside(struct qmgr *qmgr, const char *queue, struct view id)
{
	struct buf why = BUF_INIT;

	log_warn("saving corrupt file \"%.*s\" from queue \"%s\" to queue \"%s\"", VIEW_ARG(id), queue, QUEUE_CORRUPT);
	if (!queue_move(&qmgr->config->layout, queue, QUEUE_CORRUPT, id, &why) && errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
}

static void
finish(struct mail *mail)
{
	struct qmgr *qmgr = mail->qmgr;

	mail_free(mail);
	qmgr_wake(qmgr);
}

static void
remove_message(struct mail *mail)
{
	const struct qmgr_config *config = mail->qmgr->config;
	struct view id = view_string(mail->id);
	struct buf why = BUF_INIT;

	if (config->dont_remove != 0 ? queue_move(&config->layout, QUEUE_ACTIVE, QUEUE_SAVED, id, &why)
	    : queue_remove(&config->layout, QUEUE_ACTIVE, id, &why))
		maillog_removed(view_string(mail->id));
	else if (errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	finish(mail);
}

/* As long again as it waits already, within bounds. */
static int
next_try_sec(const struct mail *mail)
{
	const struct qmgr_config *config = mail->qmgr->config;
	long long age = clock_wall().tv_sec - mail->envelope.create_time;

	if (age < config->minimal_backoff_sec)
		age = config->minimal_backoff_sec;
	if (age > config->maximal_backoff_sec)
		age = config->maximal_backoff_sec;
	return (int)age;
}

static bool
is_corrupt(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & 07777) == MODE_CORRUPT;
}

/*
 * Marks need not be on disk while a message is at work: a power cut repeats what was in flight. One that waits for hours
 * would repeat what was delivered long ago.
 */
static void
sync_marks(const char *path)
{
	struct buf why = BUF_INIT;
	int fd = file_open(path, O_RDONLY, 0, &why);

	if (fd != -1 && fdatasync(fd) == -1)
		log_warn("sync %s: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
	buf_fini(&why);
}

static void
put_off(struct mail *mail)
{
	struct buf path = BUF_INIT;

	mail_path(mail, &path);
	if (mail->marked)
		sync_marks(buf_c(&path));
	if (is_corrupt(buf_c(&path)))
		active_set_aside(mail->qmgr, QUEUE_ACTIVE, view_string(mail->id));
	else
		setback_message(mail, next_try_sec(mail));
	buf_fini(&path);
	finish(mail);
}

/* -- deferred: expired, late, or to be tried again ------------------------------------------------------------------ */

static bool
is_expired(const struct mail *mail)
{
	const struct qmgr_config *config = mail->qmgr->config;
	int lifetime = config->maximal_lifetime_sec;

	if (view_empty(mail->envelope.sender) && config->bounce_lifetime_sec < lifetime)
		lifetime = config->bounce_lifetime_sec;
	return mail->expire || clock_wall().tv_sec - mail->envelope.create_time >= lifetime;
}

static void
expired_sent(bool sent, void *arg)
{
	struct mail *mail = arg;

	if (sent)
		remove_message(mail);
	else
		put_off(mail);
}

static void
warning_sent(bool sent, void *arg)
{
	struct mail *mail = arg;

	if (sent)
		warning_was_sent(mail);
	put_off(mail);
}

static void
warn_or_defer(struct mail *mail)
{
	long long due = mail->envelope.warn_time;

	if (due > 0 && clock_wall().tv_sec + 1 >= due)
		ask(mail, mail->qmgr->config->defer_service, BOUNCE_FRAME_WARN, warning_sent);
	else
		put_off(mail);
}

static void
defer_or_remove(struct mail *mail)
{
	if (!mail->deferred) {
		remove_log(mail, QUEUE_DEFER);
		remove_message(mail);
	} else if (mail->untold) {
		put_off(mail);		/* however old it is: with the file would go what its log says of others */
	} else if (is_expired(mail)) {
		maillog_expired(view_string(mail->id), mail->envelope.sender, mail->expire);
		ask(mail, mail->qmgr->config->defer_service, BOUNCE_FRAME_FLUSH, expired_sent);
	} else {
		warn_or_defer(mail);
	}
}

/* -- bounce, read on, trace ---------------------------------------------------------------------------------------- */

static void
trace_sent(bool sent, void *arg)
{
	struct mail *mail = arg;

	if (sent)
		trace_was_sent(mail);
	else
		mail->deferred = mail->untold = true;
	defer_or_remove(mail);
}

static off_t
trace_size(struct mail *mail)
{
	int traced = mail->envelope.trace_flags & (TRACE_USER_VERIFY | TRACE_RECORD | TRACE_DELAY_SENT);

	return traced || (mail->envelope.size.qmgr_flags & NOTIFY_SUCCESS_IN_FLAGS) ? log_size(mail, QUEUE_TRACE) : LOG_NONE;
}

static void
trace_or_end(struct mail *mail)
{
	off_t traced = trace_size(mail);

	if (traced > 0)
		ask(mail, mail->qmgr->config->trace_service, BOUNCE_FRAME_TRACE, trace_sent);
	else if (traced == LOG_UNSEEN)
		trace_sent(false, mail);
	else
		defer_or_remove(mail);
}

static void
read_more_or_trace(struct mail *mail)
{
	if (mail->message.unread > 0)
		mail_refill(mail);
	else
		trace_or_end(mail);
}

static void
bounce_sent(bool sent, void *arg)
{
	struct mail *mail = arg;

	mail->untold = !sent;
	mail->deferred = mail->deferred || !sent;
	read_more_or_trace(mail);
}

void
active_done(struct mail *mail)
{
	off_t bounced;

	mail->message.busy = true;
	if (mail->gone) {
		finish(mail);
		return;
	}
	bounced = log_size(mail, QUEUE_BOUNCE);
	if (bounced == 0)
		remove_empty_log(mail);
	if (bounced > 0)
		ask(mail, mail->qmgr->config->bounce_service, BOUNCE_FRAME_FLUSH, bounce_sent);
	else if (bounced == LOG_UNSEEN)		/* it may hold failures: nobody is told of none, and no file goes */
		bounce_sent(false, mail);
	else
		read_more_or_trace(mail);
}

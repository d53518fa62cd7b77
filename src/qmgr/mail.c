/* mail: a message comes to active, is locked and read, a part of its recipients at a time. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "global/maillog/maillog.h"
#include "qmgr/qmgr.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { BUSY_RETRY_SEC = 60 };

static void
path_of(const struct qmgr *qmgr, struct view id, struct buf *out)
{
	queue_path(out, &qmgr->config->layout, QUEUE_ACTIVE, id);
}

void
mail_path(const struct mail *mail, struct buf *out)
{
	path_of(mail->qmgr, view_string(mail->id), out);
}

static struct mail *
mail_new(struct qmgr *qmgr, struct view id)
{
	struct mail *mail = mem_new(sizeof(*mail));
	struct buf text = BUF_INIT;

	message_init(&qmgr->schedule, &mail->message);
	mail->message.busy = true;
	mail->qmgr = qmgr;
	arena_init(&mail->arena);
	buf_putv(&text, id);
	mail->id = mem_string(buf_c(&text));
	buf_fini(&text);
	mail->queued = clock_wall();
	mail->fd = -1;
	hash_put(qmgr->mails, id, mail);
	return mail;
}

static void
close_file(struct mail *mail)
{
	if (mail->fd == -1)
		return;
	close(mail->fd);
	mail->fd = -1;
	mail->qmgr->resolving--;
}

void
mail_free(struct mail *mail)
{
	close_file(mail);
	list_remove(&mail->refill_link);
	if (mail->probe_counted)
		mail->qmgr->probes--;
	hash_remove(mail->qmgr->mails, view_string(mail->id));
	message_fini(&mail->qmgr->schedule, &mail->message);
	arena_fini(&mail->arena);
	mem_free(mail->id);
	mem_free(mail);
}

/* The delivery that began before us still goes on: not before a minute from now. */
static void
put_back(struct mail *mail)
{
	struct qmgr *qmgr = mail->qmgr;
	struct timespec times[2] = { { .tv_sec = clock_wall().tv_sec + BUSY_RETRY_SEC } };
	struct buf why = BUF_INIT;

	times[1] = times[0];
	log_info("%s: skipped, still being delivered", mail->id);
	if (futimens(mail->fd, times) == -1)
		log_warn("%s: cannot set the time stamp: %s", mail->id, strerror(errno));
	if (!queue_move(&qmgr->config->layout, QUEUE_ACTIVE, QUEUE_INCOMING, view_string(mail->id), &why) && errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
}

static bool
open_file(struct mail *mail)
{
	struct buf path = BUF_INIT, why = BUF_INIT;

	mail_path(mail, &path);
	mail->fd = file_open(buf_c(&path), O_RDWR, 0, &why);
	if (mail->fd != -1)
		mail->qmgr->resolving++;
	else if (errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	buf_fini(&path);
	return mail->fd != -1;
}

/* Once a message is ours, those who hold locks are our own agents. */
static bool
open_first(struct mail *mail)
{
	if (!open_file(mail))
		return false;
	if (file_lock(mail->fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0))
		return true;
	put_back(mail);
	return false;
}

/* What does not fit in a delivery request can never be delivered. */
static bool
fits(const struct mail *mail, struct queue_recipient *recipients, size_t count, struct buf *why)
{
	const struct queue_envelope *e = &mail->envelope;
	struct view all[] = {
		e->sender, e->encoding, e->envid, e->log_ident, e->rewrite_context, e->sasl_method, e->sasl_username,
		e->sasl_sender, e->verp, e->filter, e->redirect, e->client_name, e->client_address, e->client_port,
		e->client_helo, e->client_protocol, e->log_client_name, e->log_client_address, e->log_client_port,
		e->log_helo_name, e->log_protocol_name, e->log_message_origin,
	};
	enum { VALUE_MAX = 4096 };

	for (size_t i = 0; i < ARRAY_COUNT(all); i++)
		if (all[i].len > VALUE_MAX || view_find(all[i], '\0') != -1) {
			why_set(why, "unusable text in the envelope");
			return false;
		}
	for (size_t i = 0; i < count; i++)
		if (recipients[i].address.len > VALUE_MAX || recipients[i].original.len > VALUE_MAX ||
		    recipients[i].dsn_orcpt.len > VALUE_MAX || view_find(recipients[i].address, '\0') != -1 ||
		    view_find(recipients[i].original, '\0') != -1 || view_find(recipients[i].dsn_orcpt, '\0') != -1) {
			why_set(why, "unusable recipient");
			return false;
		}
	return true;
}

/* The reasons of the last try are over; but a message that is to expire now returns with them. */
static bool
returns_at_once(struct mail *mail)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct stat st;
	bool has_reasons;

	queue_path(&path, &mail->qmgr->config->layout, QUEUE_DEFER, view_string(mail->id));
	has_reasons = mail->expire && stat(buf_c(&path), &st) == 0 && st.st_size > 0;
	if (!has_reasons && !queue_remove(&mail->qmgr->config->layout, QUEUE_DEFER, view_string(mail->id), &why) && errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	buf_fini(&path);
	return has_reasons;
}

static void
note_unread(struct mail *mail, size_t read, size_t done)
{
	size_t known = mail->envelope.size.recipients > 0 ? (size_t)mail->envelope.size.recipients : 0;
	size_t before = mail->message.unread > 0 ? mail->message.unread : known;
	size_t seen = read + done;
	size_t left = before > seen ? before - seen : 1;

	message_set_unread(&mail->qmgr->schedule, &mail->message, mail->resume != 0 ? left : 0);
}

/* Nothing of it is under way: it goes. Else the rest stays in the file for another time. */
static void
stop_reading(struct mail *mail, bool first)
{
	close_file(mail);
	if (first) {
		mail_free(mail);
		return;
	}
	message_set_unread(&mail->qmgr->schedule, &mail->message, 0);
	message_assigned(&mail->message);
	mail->resume = 0;
	mail->deferred = true;
	mail->message.busy = false;
	if (mail->message.entries == 0)
		active_done(mail);
}

static void
read_failed(struct mail *mail, bool first, enum queue_read result, const char *why)
{
	bool corrupt = first && result == QUEUE_READ_CORRUPT;

	log_warn("%s: %s%s", mail->id, corrupt ? "" : "cannot read the queue file: ", why);
	if (corrupt)
		active_set_aside(mail->qmgr, QUEUE_ACTIVE, view_string(mail->id));
	else if (first)		/* nothing is known of it, least of all that it expired */
		setback_message(mail, mail->qmgr->config->minimal_backoff_sec);
	stop_reading(mail, first);
}

enum reading {
	READING_NEW,		/* a message that nobody has tried, as cleanup told it */
	READING_FIRST,
	READING_ON,
};

/* What was read finds its place; the arena is taken. */
static void
take_recipients(struct mail *mail, enum reading reading, struct arena arena, struct queue_recipient *recipients,
    size_t count, size_t done)
{
	if (mail->envelope.create_time == 0)	/* files of old: they expire by their arrival */
		mail->envelope.create_time = mail->envelope.arrival.tv_sec;
	mail->message.single_recipient = mail->envelope.verp.len > 0 && mail->envelope.sender.len > 0;
	mail->message.refilled = clock_now();
	note_unread(mail, count, done);
	if (reading != READING_ON)
		maillog_queue_active(view_string(mail->id), mail->envelope.sender, mail->envelope.size.logical_size,
		    count + mail->message.unread);
	if (reading == READING_FIRST && returns_at_once(mail)) {
		message_set_unread(&mail->qmgr->schedule, &mail->message, 0);
		mail->deferred = true;
		count = 0;
	}
	resolve_start(mail, arena, recipients, count);
}

/*
 * What came before this process may have been tried by the one before it: the file has marks by now, and perhaps the lock
 * of a delivery, however late its announcement is.
 */
static bool
is_untouched(const struct mail *mail)
{
	return mail->envelope.arrival.tv_sec > mail->qmgr->started.tv_sec;
}

/* False: the image is not enough, the file must be read. */
static bool
read_image(struct mail *mail, const struct queue_image *image)
{
	struct arena arena = ARENA_INIT;
	struct queue_recipient *recipients;
	size_t count, room = message_room(&mail->qmgr->schedule, &mail->message);
	enum queue_read result;

	result = queue_envelope_read_image(image, &mail->arena, &mail->envelope, &recipients, &count, room > 0 ? room : 1, NULL);
	if (result != QUEUE_READ_END || !fits(mail, recipients, count, NULL) || !is_untouched(mail)) {
		mail->envelope = (struct queue_envelope){ 0 };
		return false;
	}
	take_recipients(mail, READING_NEW, arena, recipients, count, 0);
	return true;
}

void
mail_read_on(struct mail *mail)
{
	struct arena arena = ARENA_INIT;
	struct queue_recipient *recipients;
	size_t count, done, room = message_room(&mail->qmgr->schedule, &mail->message);
	struct buf why = BUF_INIT;
	bool first = mail->resume == 0;
	struct queue_envelope ignored = mail->envelope;
	enum queue_read result;

	mail->message.busy = true;
	if (mail->fd == -1 && !open_file(mail)) {
		stop_reading(mail, first);
		return;
	}
	result = queue_envelope_read(mail->fd, first ? &mail->arena : &arena, first ? &mail->envelope : &ignored,
	    &recipients, &count, room > 0 ? room : 1, &mail->resume, &done, &why);
	if (result <= QUEUE_READ_END && !fits(mail, recipients, count, &why))
		result = QUEUE_READ_CORRUPT;
	if (result > QUEUE_READ_END) {
		arena_fini(&arena);
		read_failed(mail, first, result, buf_c(&why));
		buf_fini(&why);
		return;
	}
	buf_fini(&why);
	if (mail->envelope.warned && mail->qmgr->config->confirm_delay_cleared)
		mail->envelope.trace_flags |= TRACE_DELAY_SENT;
	take_recipients(mail, first ? READING_FIRST : READING_ON, arena, recipients, count, done);
}

/* Not at once: the scheduler asks in the midst of choosing. */
void
mail_refill(struct mail *mail)
{
	mail->message.busy = true;
	if (!list_linked(&mail->refill_link))
		list_append(&mail->qmgr->refills, &mail->refill_link);
	qmgr_wake(mail->qmgr);
}

void
mail_assigned(struct mail *mail)
{
	struct qmgr *qmgr = mail->qmgr;

	close_file(mail);
	mail->message.busy = false;
	message_assigned(&mail->message);
	if (mail->message.entries == 0)
		active_done(mail);
	qmgr_wake(qmgr);
}

/* Group bits are requests of postqueue and postsuper; the first is served once, by this round. */
static void
take_requests(struct mail *mail)
{
	struct stat st;

	if (fstat(mail->fd, &st) == -1)
		return;
	mail->expire = (st.st_mode & S_IXGRP) != 0;
	if (!(st.st_mode & S_IRGRP))
		return;
	mail->flush = true;
	if (fchmod(mail->fd, st.st_mode & 07777 & ~(mode_t)S_IRGRP) == -1)
		log_warn("%s: cannot change the mode: %s", mail->id, strerror(errno));
}

/* NULL: somebody else has it. */
static struct mail *
activate(struct qmgr *qmgr, const char *queue, struct view id)
{
	struct buf why = BUF_INIT;
	bool moved = queue_move(&qmgr->config->layout, queue, QUEUE_ACTIVE, id, &why);

	if (!moved && errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	return moved ? mail_new(qmgr, id) : NULL;
}

static enum mail_loaded
load(struct qmgr *qmgr, const char *queue, struct view id, bool flush, const struct queue_image *image)
{
	struct mail *mail = activate(qmgr, queue, id);

	if (mail == NULL)
		return MAIL_SKIPPED;
	mail->flush = flush;
	if (image != NULL && read_image(mail, image))
		return MAIL_LOADED;
	if (!open_first(mail)) {
		if (mail->fd == -1)
			setback_message(mail, qmgr->config->minimal_backoff_sec);
		mail_free(mail);
		return MAIL_SKIPPED;
	}
	take_requests(mail);
	mail_read_on(mail);
	return MAIL_LOADED;
}

static enum mail_loaded
load_remembered(struct qmgr *qmgr, const char *queue, struct view id, bool flush, const struct queue_image *image)
{
	enum mail_loaded result;

	loading_begin(qmgr, id);
	result = load(qmgr, queue, id, flush, image);
	loading_end(qmgr);
	return result;
}

enum mail_loaded
mail_load(struct qmgr *qmgr, const char *queue, struct view id, bool flush)
{
	return load_remembered(qmgr, queue, id, flush, NULL);
}

enum mail_loaded
mail_load_announced(struct qmgr *qmgr, struct view id, const struct queue_image *image)
{
	return load_remembered(qmgr, QUEUE_INCOMING, id, false, image);
}

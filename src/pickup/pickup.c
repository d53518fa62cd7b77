/*
 * pickup: moves local submissions from maildrop to cleanup, whenever it is woken. It believes nothing of what it finds
 * there: neither names, nor links, nor records.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/queue/queue_scan.h"
#include "pickup/pickup.h"
#include "service/service.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/process/process.h"

static const struct binding bindings[] = {
	BIND_STRING(struct pickup_config, layout.hashed_names, "hash_queue_names"),
	BIND_INT(struct pickup_config, layout.hash_depth, "hash_queue_depth"),
	BIND_BOOL(struct pickup_config, layout.long_ids, "enable_long_queue_ids"),
	BIND_STRING(struct pickup_config, cleanup_service, "cleanup_service_name"),
	BIND_STRING(struct pickup_config, filter, "content_filter"),
	BIND_STRING(struct pickup_config, overrides, "receive_override_options"),
	BIND_STRING(struct pickup_config, hostname, "myhostname"),
	BIND_STRING(struct pickup_config, mail_name, "mail_name"),
	BIND_STRING(struct pickup_config, utf8_classes, "smtputf8_autodetect_classes"),
	BIND_BOOL(struct pickup_config, utf8, "smtputf8_enable"),
	BIND_TIME(struct pickup_config, ipc_timeout_sec, "ipc_timeout"),
	BIND_END
};

/* -- one file ------------------------------------------------------------------------------------------------------ */

/* Complete, a file, and nobody's link: a link could show us (or make us remove) somebody else's file. */
static bool
acceptable(const struct stat *st, const char *path)
{
	if (!queue_file_complete(st))
		return false;
	if (st->st_nlink == 1)
		return true;
	log_warn("%s: file has %lu links -- skipped", path, (unsigned long)st->st_nlink);
	return false;
}

static bool
open_drop(struct drop *drop, const char *path)
{
	struct stat before, st;

	if (lstat(path, &before) == -1 || !acceptable(&before, path))
		return false;
	if ((drop->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)) == -1) {
		if (errno != ENOENT)
			log_warn("open %s: %m", path);
		return false;
	}
	if (fstat(drop->fd, &st) == -1 || st.st_ino != before.st_ino || st.st_dev != before.st_dev || !acceptable(&st, path) ||
	    !file_lock(drop->fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0)) {
		close(drop->fd);
		return false;
	}
	drop->size = st.st_size;
	drop->owner = st.st_uid;
	drop->requeued = st.st_uid == geteuid() && (st.st_mode & S_IROTH) == 0;
	return true;
}

/* Both say whether the file is gone: what stays waits for the next wake-up, for it would be taken again and again. */
static bool
remove_drop(const char *path)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	log_warn("remove %s: %m", path);
	return false;
}

static bool
put_aside(const struct drop *drop, const struct pickup_config *config, const char *path, const char *why)
{
	struct buf problem = BUF_INIT;
	bool moved;

	log_warn("%s: uid=%ld: %s; saving the file to queue %s", path, (long)drop->owner, why, QUEUE_CORRUPT);
	moved = queue_move(&config->layout, QUEUE_MAILDROP, QUEUE_CORRUPT, drop->id, &problem) || errno == ENOENT;
	if (!moved)
		log_warn("%s", buf_c(&problem));
	buf_fini(&problem);
	return moved;
}

static bool
process(struct drop *drop, const struct pickup_config *config, struct cleanup_client *cleanup, const char *path)
{
	struct buf why = BUF_INIT;
	enum pickup_result result = pickup_copy(drop, config, cleanup, &why);
	bool gone = false;

	switch (result) {
	case PICKUP_TAKEN:
	case PICKUP_NOTHING_LEFT:
		gone = remove_drop(path);
		break;
	case PICKUP_REFUSED:
		log_warn("%s: uid=%ld: message not accepted: %s", path, (long)drop->owner, buf_c(&why));
		gone = remove_drop(path);
		break;
	case PICKUP_CORRUPT:
		gone = put_aside(drop, config, path, buf_c(&why));
		break;
	case PICKUP_LATER:
		log_warn("%s: will try again later: %s", path, buf_c(&why));
		break;
	}
	buf_fini(&why);
	return gone;
}

/* -- all of them --------------------------------------------------------------------------------------------------- */

/* PD13: a maildrop that is very full takes longer than any one request may. */
static size_t
scan(const struct pickup_config *config, struct cleanup_client *cleanup)
{
	struct queue_scan *files = queue_scan_open(QUEUE_MAILDROP);
	struct view id, path;
	size_t processed = 0;

	while (queue_scan_next(files, &id, &path)) {
		struct drop drop = { .id = id };

		service_alive();
		if (!open_drop(&drop, path.data))
			continue;
		processed += process(&drop, config, cleanup, path.data);
		close(drop.fd);
	}
	queue_scan_close(files);
	return processed;
}

/* What is dropped while we scan may wake nobody, since we are busy: so scan until nothing is found. */
static void
pickup_trigger(struct service_context *ctx, struct view requests)
{
	const struct pickup_config *config = service_config(ctx);
	struct cleanup_client *cleanup = service_state(ctx);

	while (scan(config, cleanup) > 0)
		;
	cleanup_client_release(cleanup);
}

static void
pickup_start(struct service_context *ctx)
{
	const struct pickup_config *config = service_config(ctx);
	struct buf path = BUF_INIT;

	buf_printf(&path, "public/%s", config->cleanup_service);
	service_set_state(ctx, cleanup_client_new(buf_c(&path), (msec_t)config->ipc_timeout_sec * 1000));
	buf_fini(&path);
}

static const struct service pickup_service = {
	.name = "pickup",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_SOLITARY,
	.bindings = bindings,
	.config_size = sizeof(struct pickup_config),
	.promises = "stdio queue-create unix-connect",
	.start = pickup_start,
	.trigger = pickup_trigger,
};

int
main(int argc, char **argv)
{
	return service_main(&pickup_service, argc, argv);
}

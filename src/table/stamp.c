#include "table/stamp.h"

#include <fcntl.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/base/mem.h"
#include "util/log/log.h"

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void
stamp_take(struct stamp *stamp, const char *path, const struct stat *st)
{
	struct stat root = { 0 }, now;

	stat("/", &root);
	*stamp = (struct stamp){ mem_string(path), *st, open(path, O_PATH | O_CLOEXEC), root.st_dev, root.st_ino };
	if (stamp->fd == -1 || (fstat(stamp->fd, &now) == 0 && now.st_dev == st->st_dev && now.st_ino == st->st_ino))
		return;
	close(stamp->fd);
	stamp->fd = -1;
}

void
stamp_fini(struct stamp *stamp)
{
	if (stamp->path != NULL && stamp->fd != -1)
		close(stamp->fd);
	mem_free(stamp->path);
	stamp->path = NULL;
}

static bool
root_is_another(const struct stamp *stamp)
{
	struct stat root;

	return stat("/", &root) == 0 && (root.st_dev != stamp->root_dev || root.st_ino != stamp->root_ino);
}

bool
stamp_changed(const struct stamp *stamp)
{
	struct stat now;

	if (stamp->path == NULL || (stat(stamp->path, &now) == 0 && same_file(&stamp->st, &now)))
		return false;
	if (!root_is_another(stamp))
		return true;
	return stamp->fd == -1 || fstat(stamp->fd, &now) == -1 || now.st_nlink == 0 || !same_file(&stamp->st, &now);
}

void
stamp_traits(const struct stat *st, struct table_traits *traits)
{
	traits->stable = true;
	traits->owner = st->st_uid;
	traits->owner_trusted = true;
}

/* A source that was edited in the last minutes is likely to be used soon: no word about that. */
void
stamp_warn_if_older(const struct stamp *stamp, const char *source)
{
	enum { QUIET_SEC = 100 };
	struct stat st;

	if (stat(source, &st) == 0 && st.st_mtime > stamp->st.st_mtime && st.st_mtime < clock_wall().tv_sec - QUIET_SEC)
		log_warn("database %s is older than source file %s", stamp->path, source);
}

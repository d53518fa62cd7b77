#include "table/stamp.h"
#include "util/base/clock.h"
#include "util/base/mem.h"
#include "util/log/log.h"

void
stamp_take(struct stamp *stamp, const char *path, const struct stat *st)
{
	stamp->path = mem_string(path);
	stamp->st = *st;
}

void
stamp_fini(struct stamp *stamp)
{
	mem_free(stamp->path);
	stamp->path = NULL;
}

bool
stamp_changed(const struct stamp *stamp)
{
	const struct stat *old = &stamp->st;
	struct stat now;

	if (stamp->path == NULL)
		return false;
	return stat(stamp->path, &now) == -1 || now.st_dev != old->st_dev || now.st_ino != old->st_ino ||
	    now.st_size != old->st_size || now.st_mtim.tv_sec != old->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != old->st_mtim.tv_nsec;
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

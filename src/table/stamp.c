#include "table/stamp.h"
#include "util/base/mem.h"

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

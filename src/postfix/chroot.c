#include "postfix/chroot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/config/master_cf.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { FILE_SIZE_MAX = 4 * 1024 * 1024 };

/* Relative to the root, and below queue_directory as well; the directories come before what they hold. */
static const char *const directories[] = { "etc", "etc/ssl", "etc/ssl/certs" };
static const char *const files[] = {
	"etc/host.conf", "etc/hosts", "etc/localtime", "etc/nsswitch.conf", "etc/resolv.conf", "etc/services", "etc/gai.conf",
	"etc/ssl/certs/ca-certificates.crt",
};

bool
chroot_is_used(const struct master_cf *table)
{
	LIST_FOREACH(entry, &table->entries, struct master_entry, link)
		if (entry->chroot)
			return true;
	return false;
}

/* As master's own directories: a link or a directory that others may write would lead root astray. */
static bool
make_directory(const char *path, struct buf *why)
{
	struct stat st;

	if (mkdir(path, 0755) == -1 && errno != EEXIST) {
		why_set(why, "make directory %s: %s", path, strerror(errno));
		return false;
	}
	if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022) != 0) {
		why_set(why, "%s is not a directory of root that only root may write", path);
		return false;
	}
	return chmod(path, 0755) == 0;
}

/* What the file outside holds; false: there is none. */
static bool
read_original(const char *name, struct buf *out)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	bool found;

	buf_printf(&path, "/%s", name);
	found = file_read_all(buf_c(&path), FILE_SIZE_MAX, out, &why);
	if (!found && errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	buf_fini(&path);
	return found;
}

static bool
is_same(const char *name, struct view content)
{
	struct buf copy = BUF_INIT;
	bool same = file_read_all(name, FILE_SIZE_MAX, &copy, NULL) && view_equal(buf_view(&copy), content);

	buf_fini(&copy);
	return same;
}

static void
refresh_file(const char *name)
{
	struct buf content = BUF_INIT, why = BUF_INIT;

	if (read_original(name, &content) && !is_same(name, buf_view(&content)) &&
	    !file_replace(name, buf_view(&content), 0644, &why))
		log_warn("chroot: %s", buf_c(&why));
	buf_fini(&why);
	buf_fini(&content);
}

void
chroot_refresh(void)
{
	struct buf why = BUF_INIT;
	bool good = true;

	for (size_t i = 0; i < ARRAY_COUNT(directories) && good; i++)
		good = make_directory(directories[i], &why);
	if (!good)
		log_warn("chroot: %s", buf_c(&why));
	for (size_t i = 0; i < ARRAY_COUNT(files) && good; i++)
		refresh_file(files[i]);
	buf_fini(&why);
}

void
chroot_check(const char *queue_directory)
{
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		struct buf content = BUF_INIT;

		if (access(files[i], F_OK) == 0 && read_original(files[i], &content) && !is_same(files[i], buf_view(&content)))
			log_warn("%s/%s and /%s differ", queue_directory, files[i], files[i]);
		buf_fini(&content);
	}
}

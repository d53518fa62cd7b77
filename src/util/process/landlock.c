#include "util/process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The interface as the kernel documents it (Documentation/userspace-api/landlock.rst), spelled out here because the
 * headers of a build host may be older than the kernel that the program will run on.
 */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset	444	/* the same number on all architectures */
#define SYS_landlock_add_rule		445
#define SYS_landlock_restrict_self	446
#endif

enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

struct ruleset {
	uint64_t files, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

#define FS(bit)		((uint64_t)1 << (bit))

enum {
	EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK,
	MAKE_FIFO, MAKE_BLOCK, MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV,
};

/* What each version of the interface is able to restrict. */
static const struct {
	int version;
	uint64_t files, net, scoped;
} versions[] = {
	{ 1, FS(MAKE_SYM + 1) - 1, 0, 0 },
	{ 2, FS(REFER), 0, 0 },
	{ 3, FS(TRUNCATE), 0, 0 },
	{ 5, FS(IOCTL_DEV), 0, 0 },
	{ 6, 0, 0, 3 },			/* abstract sockets and signals of processes outside */
};

static const struct {
	unsigned right;
	uint64_t files;
} meanings[] = {
	{ PATH_READ,	FS(READ_FILE) | FS(READ_DIR) },
	{ PATH_WRITE,	FS(WRITE_FILE) | FS(TRUNCATE) },
	{ PATH_REMOVE,	FS(REMOVE_FILE) | FS(REFER) },
	{ PATH_CREATE,	FS(MAKE_REG) | FS(MAKE_DIR) | FS(REFER) },
};

/* Of these, what makes sense for a path that is no directory; the kernel refuses the others. */
#define OF_A_FILE	(FS(READ_FILE) | FS(WRITE_FILE) | FS(TRUNCATE))

int
landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

bool
landlock_can_rename(void)
{
	return landlock_version() >= 2;
}

static struct ruleset
restrictable(int version)
{
	struct ruleset all = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(versions) && versions[i].version <= version; i++) {
		all.files |= versions[i].files;
		all.net |= versions[i].net;
		all.scoped |= versions[i].scoped;
	}
	return all;
}

static uint64_t
meaning(unsigned rights)
{
	uint64_t files = 0;

	for (size_t i = 0; i < ARRAY_COUNT(meanings); i++)
		if (rights & meanings[i].right)
			files |= meanings[i].files;
	return files;
}

static bool
add_path(int ruleset, const struct ruleset *all, const struct path_grant *grant, struct buf *why)
{
	struct path_beneath rule = { meaning(grant->rights) & all->files, open(grant->path, O_PATH | O_CLOEXEC) };
	struct stat st;
	bool added;

	if (rule.parent_fd == -1)
		return true;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= OF_A_FILE;
	added = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
	if (!added)
		why_set(why, "landlock: %s: %s", grant->path, strerror(errno));
	close(rule.parent_fd);
	return added;
}

static bool
restrict_self(int ruleset, struct buf *why)
{
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) == 0)
		return true;
	why_set(why, "landlock: %s", strerror(errno));
	return false;
}

bool
landlock_enter(const struct path_grant *grants, size_t count, struct buf *why)
{
	struct ruleset all = restrictable(landlock_version());
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	bool good = true;

	if (ruleset == -1) {
		why_set(why, "landlock: %s", strerror(errno));
		return false;
	}
	for (size_t i = 0; i < count && good; i++)
		good = add_path(ruleset, &all, &grants[i], why);
	good = good && restrict_self(ruleset, why);
	close(ruleset);
	return good;
}

#include "util/process/process.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "util/log/log.h"
#include "util/process/nss.h"

bool
identity_of_user(const char *name, struct identity *out)
{
	struct passwd *entry;

	errno = 0;
	entry = getpwnam(name);
	if (entry == NULL) {
		/* getpwnam(3): these mean "not found" on some systems */
		if (errno == 0 || errno == ENOENT || errno == ESRCH)
			errno = nss_doubt("/etc/passwd", name);
		return false;
	}
	out->uid = entry->pw_uid;
	out->gid = entry->pw_gid;
	out->name = mem_string(entry->pw_name);
	return true;
}

bool
group_id(const char *name, gid_t *out)
{
	struct group *entry;

	errno = 0;
	entry = getgrnam(name);
	if (entry == NULL) {
		if (errno == 0 || errno == ENOENT || errno == ESRCH)
			errno = nss_doubt("/etc/group", name);
		return false;
	}
	*out = entry->gr_gid;
	return true;
}

static bool
no_such(const char *kind, struct view name, struct buf *why)
{
	if (errno != 0)
		why_set(why, "cannot look up %s %.*s: %s", kind, VIEW_ARG(name), strerror(errno));
	else
		why_set(why, "unknown %s name: %.*s", kind, VIEW_ARG(name));
	return false;
}

bool
identity_parse(const char *text, struct identity *out, struct buf *why)
{
	struct view all = view_string(text), user = all, group = VIEW_EMPTY;
	struct buf name = BUF_INIT;
	bool ok;

	view_split(all, ':', &user, &group);
	buf_putv(&name, user);
	ok = identity_of_user(buf_c(&name), out) || no_such("user", user, why);
	if (ok)
		identity_fini(out);	/* the groups of its name are not wanted */
	if (ok && !view_empty(group)) {
		buf_set(&name, group);
		ok = group_id(buf_c(&name), &out->gid) || no_such("group", group, why);
	}
	buf_fini(&name);
	return ok;
}

void
identity_fini(struct identity *id)
{
	mem_free(id->name);
	id->name = NULL;
}

static bool
set_groups(const struct identity *id)
{
	return id->name != NULL ? initgroups(id->name, id->gid) == 0 : setgroups(1, &id->gid) == 0;
}

/*
 * An instance that an ordinary user started has one identity, his: it is who it is already, and who it cannot become it
 * acts for as well as he may.
 */
static bool
is_only_one(void)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) == 0 && real != 0 && effective == real && saved == real;
}

void
identity_become(const struct identity *id)
{
	if (is_only_one())
		return;
	if ((geteuid() == 0 && !set_groups(id)) || setresgid(id->gid, id->gid, id->gid) == -1 ||
	    setresuid(id->uid, id->uid, id->uid) == -1)
		log_fatal("cannot become uid %ld gid %ld: %s", (long)id->uid, (long)id->gid, strerror(errno));
	if (id->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		log_panic("uid %ld could become root again", (long)id->uid);
}

/* The effective ids are one thing of the whole process, and so is what we know of them. */
static struct {
	bool on;
	uid_t uid;
	gid_t gid;
} assumed;

void
identity_assume(const struct identity *id)
{
	if ((assumed.on && assumed.uid == id->uid && assumed.gid == id->gid && id->name == NULL) || is_only_one())
		return;
	identity_restore();
	if (!set_groups(id) || setegid(id->gid) == -1 || seteuid(id->uid) == -1)
		log_fatal("cannot act as uid %ld gid %ld: %s", (long)id->uid, (long)id->gid, strerror(errno));
	assumed.on = true;
	assumed.uid = id->uid;
	assumed.gid = id->gid;
}

void
identity_restore(void)
{
	gid_t gid;

	if (!assumed.on)
		return;
	gid = getgid();
	if (seteuid(0) == -1 || setegid(gid) == -1 || setgroups(1, &gid) == -1)
		log_fatal("cannot become root again: %s", strerror(errno));
	assumed.on = false;
}

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postfix/control.h"
#include "postfix/programs.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum who { ROOT, OWNER, SETGID };

/* The queue tree: who may do what is decided here and nowhere else. */
static const struct directory {
	const char *name;
	enum who owner, group;
	mode_t mode;
} directories[] = {
	{ "active",	OWNER,	ROOT,	0700 },
	{ "bounce",	OWNER,	ROOT,	0700 },
	{ "corrupt",	OWNER,	ROOT,	0700 },
	{ "defer",	OWNER,	ROOT,	0700 },
	{ "deferred",	OWNER,	ROOT,	0700 },
	{ "flush",	OWNER,	ROOT,	0700 },
	{ "hold",	OWNER,	ROOT,	0700 },
	{ "incoming",	OWNER,	ROOT,	0700 },
	{ "maildrop",	OWNER,	SETGID,	0730 },
	{ "pid",	ROOT,	ROOT,	0755 },
	{ "private",	OWNER,	ROOT,	0700 },
	{ "public",	OWNER,	SETGID,	0710 },
	{ "saved",	OWNER,	ROOT,	0700 },
	{ "tlstrace",	OWNER,	ROOT,	0700 },
	{ "trace",	OWNER,	ROOT,	0700 },
};

static uid_t
user_of(const struct control *control, enum who who)
{
	if (!control->privileged)
		return geteuid();
	return who == OWNER ? control->owner.uid : 0;
}

static gid_t
group_of(const struct control *control, enum who who)
{
	if (!control->privileged)
		return getegid();
	return who == SETGID ? control->setgid_group : 0;
}

/* -- accounts --------------------------------------------------------------------------------------------------------- */

static bool
find_accounts(struct control *control)
{
	const struct postfix_settings *settings = &control->settings;

	if (!control->privileged)
		return true;
	errno = 0;
	if (!identity_of_user(settings->mail_owner, &control->owner)) {
		log_error("mail_owner = %s: %s", settings->mail_owner, errno != 0 ? strerror(errno) : "no such user");
		return false;
	}
	if (!group_id(settings->setgid_group, &control->setgid_group)) {
		log_error("setgid_group = %s: %s", settings->setgid_group, errno != 0 ? strerror(errno) : "no such group");
		return false;
	}
	return true;
}

static bool
accounts_are_safe(const struct control *control)
{
	const struct postfix_settings *settings = &control->settings;

	if (!control->privileged)
		return true;
	if (control->owner.uid == 0 || control->setgid_group == 0) {
		log_error("mail_owner and setgid_group must not be root");
		return false;
	}
	if (control->setgid_group == control->owner.gid) {
		log_error("setgid_group = %s: is also the group of mail_owner = %s", settings->setgid_group,
		    settings->mail_owner);
		return false;
	}
	return true;
}

/* An account that shares its number with mail_owner could read all mail (ST9). */
static void
warn_shared_ids(const struct control *control)
{
	const struct passwd *user;
	const struct group *group;

	if (!control->privileged)
		return;
	setpwent();
	while ((user = getpwent()) != NULL)
		if (user->pw_uid == control->owner.uid && strcmp(user->pw_name, control->settings.mail_owner) != 0)
			log_warn("mail_owner = %s: account %s has the same user id", control->settings.mail_owner,
			    user->pw_name);
	endpwent();
	setgrent();
	while ((group = getgrent()) != NULL)
		if (group->gr_gid == control->setgid_group && strcmp(group->gr_name, control->settings.setgid_group) != 0)
			log_warn("setgid_group = %s: group %s has the same group id", control->settings.setgid_group,
			    group->gr_name);
	endgrent();
}

/* -- directories ------------------------------------------------------------------------------------------------------ */

static const char *
name_of(const struct control *control, enum who who)
{
	if (!control->privileged)
		return "you";
	return who == OWNER ? control->settings.mail_owner : "root";
}

static void
say_what_was_wrong(const struct control *control, const struct directory *each, const struct stat *st)
{
	const char *top = control->settings.queue_directory;

	if (st->st_uid != user_of(control, each->owner))
		log_warn("not owned by %s: %s/%s", name_of(control, each->owner), top, each->name);
	if (st->st_gid != group_of(control, each->group))
		log_warn("not owned by group %s: %s/%s", each->group == SETGID ? control->settings.setgid_group : "root", top,
		    each->name);
	if ((st->st_mode & 07777) != each->mode)
		log_warn("mode was %04o, is now %04o: %s/%s", (unsigned)(st->st_mode & 07777), (unsigned)each->mode, top,
		    each->name);
}

/* By descriptor, so that nothing can be put in the place of what was looked at. The files inside are never touched. */
static bool
put_right(const struct control *control, const struct directory *each, int fd, bool fresh)
{
	uid_t uid = user_of(control, each->owner);
	gid_t gid = group_of(control, each->group);
	struct stat st;

	if (fstat(fd, &st) == -1) {
		log_error("look at %s: %s", each->name, strerror(errno));
		return false;
	}
	if (st.st_uid == uid && st.st_gid == gid && (st.st_mode & 07777) == each->mode)
		return true;
	if (fchown(fd, uid, gid) == -1 || fchmod(fd, each->mode) == -1) {
		log_error("set owner and mode of %s: %s", each->name, strerror(errno));
		return false;
	}
	if (!fresh)
		say_what_was_wrong(control, each, &st);
	return true;
}

static bool
make_directory(const struct control *control, const struct directory *each)
{
	bool fresh = mkdir(each->name, 0700) == 0, good;
	int fd;

	if (!fresh && errno != EEXIST) {
		log_error("make directory %s: %s", each->name, strerror(errno));
		return false;
	}
	if ((fd = open(each->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1) {
		log_error("open directory %s: %s", each->name, strerror(errno));
		return false;
	}
	good = put_right(control, each, fd, fresh);
	close(fd);
	return good;
}

static bool
make_queue(const struct control *control)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_COUNT(directories); i++)
		good &= make_directory(control, &directories[i]);
	return good;
}

/* The top is root's and nobody else may write there, else all below is anybody's. */
static bool
make_top(const struct control *control)
{
	const char *path = control->settings.queue_directory;
	struct buf why = BUF_INIT;
	struct stat st;

	if (stat(path, &st) == -1 && !file_make_directories(path, 0755, &why)) {
		log_error("%s", buf_c(&why));
		buf_fini(&why);
		return false;
	}
	if (chdir(path) == -1 || stat(".", &st) == -1) {
		log_error("chdir %s: %s", path, strerror(errno));
		return false;
	}
	if (st.st_uid != user_of(control, ROOT))
		log_warn("not owned by %s: %s", name_of(control, ROOT), path);
	if ((st.st_mode & 022) != 0)
		log_warn("group or other writable: %s", path);
	return true;
}

static bool
make_data_directory(const struct control *control)
{
	const char *path = control->settings.data_directory;
	uid_t uid = user_of(control, OWNER);
	gid_t gid = control->privileged ? control->owner.gid : getegid();
	struct buf why = BUF_INIT;
	struct stat st;

	if (stat(path, &st) == 0) {
		if (st.st_uid != uid)
			log_warn("not owned by %s: %s", control->settings.mail_owner, path);
		return true;
	}
	if (!file_make_directories(path, 0755, &why)) {
		log_error("%s", buf_c(&why));
		buf_fini(&why);
		return false;
	}
	return chown(path, uid, gid) == 0 && chmod(path, 0700) == 0;
}

bool
check_all(struct control *control)
{
	if (!find_accounts(control) || !accounts_are_safe(control))
		return false;
	warn_shared_ids(control);
	programs_permissions(control, PERMISSIONS_OF_CONFIGURATION);
	return make_top(control) && make_queue(control) && make_data_directory(control);
}

int
control_set_permissions(struct control *control)
{
	if (!find_accounts(control) || !accounts_are_safe(control))
		return 1;
	return programs_permissions(control, PERMISSIONS_MEND) && make_top(control) && make_queue(control) &&
	    make_data_directory(control) ? 0 : 1;
}

#include "postfix/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/config/master_cf.h"
#include "util/log/log.h"

enum group { GROUP_ROOT, GROUP_SETGID, GROUP_ANY };
enum kind { DIRECTORY, FILE_IF_THERE };

/* Names may be below a directory that a parameter names; "" is that directory itself. */
static const struct place {
	const char *parameter, *name;
	enum kind kind;
	enum group group;
	mode_t mode, bits;		/* of the bits that matter */
} places[] = {
	{ "config_directory",	"",		DIRECTORY,	GROUP_ANY,	0755, 0022 },
	{ "config_directory",	"main.cf",	FILE_IF_THERE,	GROUP_ANY,	0644, 0022 },
	{ "config_directory",	"master.cf",	FILE_IF_THERE,	GROUP_ANY,	0644, 0022 },
	{ "daemon_directory",	"",		DIRECTORY,	GROUP_ANY,	0755, 0022 },
	{ "daemon_directory",	"master",	FILE_IF_THERE,	GROUP_ANY,	0755, 07022 },
	{ "command_directory",	"",		DIRECTORY,	GROUP_ANY,	0755, 0022 },
	{ "command_directory",	"postdrop",	FILE_IF_THERE,	GROUP_SETGID,	02755, 07777 },
	{ "command_directory",	"postqueue",	FILE_IF_THERE,	GROUP_SETGID,	02755, 07777 },
	{ "command_directory",	"postlog",	FILE_IF_THERE,	GROUP_SETGID,	02755, 07777 },
	{ "shlib_directory",	"",		DIRECTORY,	GROUP_ANY,	0755, 0022 },
};

static bool
is_configuration(const struct place *place)
{
	return strcmp(place->parameter, "config_directory") == 0;
}

static const char *
directory_of(const struct control *control, const struct place *place)
{
	const char *path;

	if (is_configuration(place))
		return config_directory(control->config);
	path = config_string(control->config, place->parameter, NULL);
	return path != NULL && path[0] == '/' ? path : NULL;	/* shlib_directory may be "no" */
}

static bool
is_right(const struct control *control, const struct place *place, const struct stat *st)
{
	return st->st_uid == 0 && (place->group != GROUP_SETGID || st->st_gid == control->setgid_group) &&
	    (st->st_mode & place->bits) == (place->mode & place->bits);
}

static void
complain(const struct control *control, const struct place *place, const char *path, const struct stat *st)
{
	if (st->st_uid != 0)
		log_warn("not owned by root: %s", path);
	if (place->group == GROUP_SETGID && st->st_gid != control->setgid_group)
		log_warn("not owned by group %s: %s", control->settings.setgid_group, path);
	if ((st->st_mode & ~place->mode & 0022) != 0)
		log_warn("group or other writable: %s", path);
	if ((place->mode & S_ISGID) != 0 && (st->st_mode & (S_ISGID | S_ISUID)) != S_ISGID)
		log_warn("not set-gid or not owner+group+world executable: %s; \"postfix set-permissions\" mends that", path);
}

/* A new owner takes the set-gid bit away; so the mode comes last. */
static bool
put_right(const struct control *control, const struct place *place, int fd, const char *path, const struct stat *st)
{
	gid_t group = place->group == GROUP_SETGID ? control->setgid_group : st->st_gid;
	mode_t mode = (st->st_mode & 07777 & ~place->bits) | (place->mode & place->bits);

	if (fchown(fd, 0, group) == 0 && fchmod(fd, mode) == 0)
		return true;
	log_error("set owner and mode of %s: %s", path, strerror(errno));
	return false;
}

static bool
look_at(const struct control *control, const struct place *place, const char *path, bool mend)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | (place->kind == DIRECTORY ? O_DIRECTORY : O_NOFOLLOW));
	struct stat st;
	bool good = true;

	if (fd == -1 || fstat(fd, &st) == -1) {
		if (errno != ENOENT || place->kind == DIRECTORY)
			log_warn("look at %s = %s: %s", place->parameter, path, strerror(errno));
		return place->kind != DIRECTORY;
	}
	if (!is_right(control, place, &st)) {
		if (mend)
			good = put_right(control, place, fd, path, &st);
		else
			complain(control, place, path, &st);
	}
	close(fd);
	return good;
}

bool
programs_permissions(const struct control *control, enum permissions what)
{
	struct buf path = BUF_INIT;
	bool good = true;

	for (size_t i = 0; control->privileged && i < ARRAY_COUNT(places); i++) {
		const char *directory = directory_of(control, &places[i]);

		if (directory == NULL || (what == PERMISSIONS_OF_CONFIGURATION && !is_configuration(&places[i])))
			continue;
		buf_reset(&path);
		buf_printf(&path, "%s%s%s", directory, places[i].name[0] != '\0' ? "/" : "", places[i].name);
		good &= look_at(control, &places[i], buf_c(&path), what == PERMISSIONS_MEND);
	}
	buf_fini(&path);
	return good;
}

void
programs_check_services(const struct control *control)
{
	struct buf path = BUF_INIT;
	struct master_cf *table;

	buf_printf(&path, "%s/master.cf", config_directory(control->config));
	if ((table = master_cf_load(buf_c(&path), NULL)) == NULL)
		return;
	LIST_FOREACH(entry, &table->entries, struct master_entry, link) {
		buf_reset(&path);
		buf_printf(&path, "%s%s%s", entry->command[0] != '/' ? control->settings.daemon_directory : "",
		    entry->command[0] != '/' ? "/" : "", entry->command);
		if (access(buf_c(&path), X_OK) == -1)
			log_warn("master.cf, line %d: service %s: %s: %s", entry->line, entry->name, buf_c(&path), strerror(errno));
	}
	master_cf_free(table);
	buf_fini(&path);
}

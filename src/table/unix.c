#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "table/recent.h"
#include "table/types.h"
#include "util/process/nss.h"

/*
 * unix: passwd.byname and group.byname, as lines of /etc/passwd and /etc/group. Answers hold for a second: whoever is asked
 * for many clients at once reads the files once for all of them. (By way of proxymap, whose clients remember, too: two.)
 */

enum { ENTRY_SIZE_MAX = 16 * 1024 * 1024 };

struct unix_map {
	const char *name, *file;
	/* 0 and a line, 0 and nothing (no such name), or an error number. */
	int (*find)(const char *name, struct buf *room, struct buf *line);
};

static void
put_passwd(struct buf *line, const struct passwd *pw)
{
	buf_printf(line, "%s:%s:%ld:%ld:%s:%s:%s", pw->pw_name, pw->pw_passwd, (long)pw->pw_uid, (long)pw->pw_gid,
	    pw->pw_gecos, pw->pw_dir, pw->pw_shell);
}

static void
put_group(struct buf *line, const struct group *gr)
{
	buf_printf(line, "%s:%s:%ld:", gr->gr_name, gr->gr_passwd, (long)gr->gr_gid);
	for (char **member = gr->gr_mem; *member != NULL; member++)
		buf_printf(line, "%s%s", member == gr->gr_mem ? "" : ",", *member);
}

static int
find_passwd(const char *name, struct buf *room, struct buf *line)
{
	struct passwd pw, *found = NULL;
	int error = getpwnam_r(name, &pw, room->data, room->cap, &found);

	if (error == 0 && found != NULL)
		put_passwd(line, found);
	return error;
}

static int
find_group(const char *name, struct buf *room, struct buf *line)
{
	struct group gr, *found = NULL;
	int error = getgrnam_r(name, &gr, room->data, room->cap, &found);

	if (error == 0 && found != NULL)
		put_group(line, found);
	return error;
}

static const struct unix_map maps[] = {
	{ "passwd.byname", "/etc/passwd", find_passwd },
	{ "group.byname", "/etc/group", find_group },
};

struct unix_table {
	const struct unix_map *map;
	struct recent recent;
};

static void
unix_close(void *state)
{
	struct unix_table *table = state;

	recent_fini(&table->recent);
	mem_free(table);
}

static void *
unix_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct unix_table *table;

	traits->owner_trusted = true;
	for (size_t i = 0; i < ARRAY_COUNT(maps); i++) {
		if (strcmp(name, maps[i].name) != 0)
			continue;
		table = mem_new(sizeof(*table));
		table->map = &maps[i];
		return table;
	}
	why_set(why, "unknown map name: unix:%s", name);
	return NULL;
}

/* Some libraries of NSS report "no such name" as an error; of those getpwnam_r(3) lists only these are beyond doubt. */
static bool
means_none(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH;
}

static int
find_with_room(const struct unix_map *map, const char *name, struct buf *line)
{
	struct buf room = BUF_INIT;
	size_t size = 4096;
	int error;

	do {
		buf_reserve(&room, size);
		error = map->find(name, &room, line);
		size *= 2;
	} while (error == ERANGE && size <= ENTRY_SIZE_MAX);
	buf_fini(&room);
	return error;
}

static int
find_surely(const struct unix_map *map, const char *name, struct buf *line)
{
	int error = find_with_room(map, name, line);

	return line->len == 0 && means_none(error) ? nss_doubt(map->file, name) : error;
}

static enum lookup
ask(const struct unix_map *map, struct view key, struct buf *value, struct buf *why)
{
	struct buf name = BUF_INIT;
	int error = 0;

	buf_putv(&name, key);
	if (strlen(buf_c(&name)) == key.len)
		error = find_surely(map, buf_c(&name), value);
	buf_fini(&name);
	if (value->len > 0)
		return LOOKUP_FOUND;
	if (error == 0)
		return LOOKUP_NONE;
	why_set(why, "unix:%s: %s", map->name, strerror(error));
	return LOOKUP_RETRY;
}

static enum lookup
unix_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct unix_table *table = state;
	enum lookup found;

	if (recent_get(&table->recent, key, value, &found))
		return found;
	found = ask(table->map, key, value, why);
	recent_put(&table->recent, key, buf_view(value), found);
	return found;
}

static const struct table_ops ops = { .lookup = unix_lookup, .close = unix_close };

const struct table_type table_unix = { .name = "unix", .ops = &ops, .open = unix_open, .promises = "nss" };

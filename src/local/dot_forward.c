/*
 * dot_forward: a user's .forward, or what forward_path says. It is opened as that user, and believed only when it is a
 * plain file of his that no stranger can write to (LV18).
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "global/config/expand.h"
#include "local/deliver.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/text/words.h"

enum reading { READ_NONE, READ_FOUND, READ_WAIT };

static bool
is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP || error == ENAMETOOLONG || error == ENXIO;
}

/* NULL: it may be believed. */
static const char *
what_is_wrong(const struct stat *st, const struct user *user)
{
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if (st->st_uid != user->as.uid && st->st_uid != 0)
		return "has bad owner";
	if (st->st_mode & S_IWOTH)
		return "is world writable";
	if ((st->st_mode & S_IWGRP) && st->st_gid != user->as.gid)
		return "is writable by a group that is not its user's own";
	if (st->st_size > FORWARD_SIZE_MAX)
		return "is too large";
	return NULL;
}

static enum reading
read_open(int fd, const char *path, const struct user *user, struct buf *text)
{
	struct buf why = BUF_INIT;
	const char *wrong;
	struct stat st;
	enum reading result = READ_FOUND;

	if (fstat(fd, &st) == -1)
		result = READ_WAIT;
	else if ((wrong = what_is_wrong(&st, user)) != NULL) {
		log_warn("file %s %s; it is ignored", path, wrong);
		result = READ_NONE;
	} else if (!file_read_fd(fd, FORWARD_SIZE_MAX, text, &why)) {
		log_warn("%s: %s", path, buf_c(&why));
		result = READ_WAIT;
	}
	buf_fini(&why);
	return result;
}

/* The user's ids stay on: they are those of the next step too, as a rule. */
static enum reading
read_file(const char *path, const struct user *user, struct buf *text)
{
	enum reading result;
	int fd;

	identity_assume(&user->as);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 && is_absent(errno))
		return READ_NONE;
	if (fd == -1) {
		log_warn("open file %s: %s", path, strerror(errno));
		return READ_WAIT;
	}
	result = read_open(fd, path, user, text);
	close(fd);
	return result;
}

static size_t
count_parents(struct view path)
{
	size_t count = 0;
	struct view part;

	while (view_word(&path, "/", &part))
		count += view_is(part, "..");
	return count;
}

/* ".." that an address brought along would lead to files that were never meant for this. */
static bool
leads_astray(struct view pattern, const struct user *user, struct view path)
{
	return count_parents(path) > count_parents(pattern) + count_parents(view_string(user->home));
}

static void
note_extension(struct view name, void *arg)
{
	if (view_is(name, "extension"))
		*(bool *)arg = true;
}

/* The first file of forward_path that is there. matched: its name has the extension in it. */
static enum reading
find_file(struct local_delivery *delivery, const struct step *step, const struct user *user, struct buf *text, bool *matched)
{
	const struct local_config *config = delivery->agent->config;
	struct view rest = view_string(config->forward_path), word;
	struct buf path = BUF_INIT, last = BUF_INIT;
	enum reading result = READ_NONE;

	while (result == READ_NONE && words_next(&rest, &word, NULL)) {
		*matched = false;
		expand_each_name(word, note_extension, matched);
		buf_reset(&path);
		if (!local_macros(delivery, step, user, word, config->forward_filter, &path)) {
			result = READ_WAIT;
		} else if (!leads_astray(word, user, buf_view(&path)) && path.len > 0 && path.data[0] == '/' && !view_equal(buf_view(&path), buf_view(&last))) {
			result = read_file(buf_c(&path), user, text);
			buf_set(&last, buf_view(&path));
		}
	}
	buf_fini(&last);
	buf_fini(&path);
	return result;
}

/* A .forward that is reached from itself means the user's mailbox. */
static bool
under_way(const struct step *step, const struct user *user)
{
	for (step = step->above; step != NULL; step = step->above)
		if (step->forward_of != NULL && view_equal(step->forward_of->name, user->name))
			return true;
	return false;
}

static bool
expand_file(struct local_delivery *delivery, const struct step *above, const struct user *user, struct view text, bool matched)
{
	struct step *step = arena_copy(delivery->arena, above, sizeof(*above));

	step->forward_of = step->user = user;
	step->origin = LOCAL_FORWARD;
	step->as = user->as.uid != 0 ? user->as : delivery->agent->default_privs;
	step->owned = step->named_by_root = false;
	if (step->delimiter != '\0' && !matched && (delivery->agent->propagate & LOCAL_FORWARD))
		step->unmatched = arena_printf(delivery->arena, "%c%.*s", step->delimiter, VIEW_ARG(step->extension));
	if (local_members(delivery, step, text, true) == 0)
		return false;
	delivery->expanded = true;
	return true;
}

bool
local_dot_forward(struct local_delivery *delivery, struct step *step, const struct user *user)
{
	struct buf text = BUF_INIT;
	bool matched = false, done = false;
	enum reading result = READ_NONE;

	if (delivery->agent->config->forward_path[0] != '\0' && !under_way(step, user))
		result = find_file(delivery, step, user, &text, &matched);
	if (result == READ_WAIT) {
		local_wait(delivery, "4.3.0", "cannot read a .forward file");
		done = true;
	} else if (result == READ_FOUND) {
		done = expand_file(delivery, step, user, buf_view(&text), matched);
	}
	buf_fini(&text);
	return done;
}

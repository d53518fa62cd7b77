/*
 * member: the members of a list: addresses, \user, "|command", /file, ~/file, :include:/file. They are divided by commas, and in
 * files by line ends; quoted strings and comments in parentheses stay whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "global/address/address.h"
#include "global/message/address_list.h"
#include "local/deliver.h"
#include "util/file/file.h"
#include "util/log/log.h"

/* -- kinds of members ---------------------------------------------------------------------------------------------- */

/* Same command, same rights: the same destination. */
static void
add_command(struct local_delivery *delivery, const struct step *step, struct view command)
{
	struct buf key = BUF_INIT;

	command = view_trim(command);
	buf_printf(&key, "command %ld %.*s", (long)step->as.uid, VIEW_ARG(command));
	if (view_empty(command) || view_find(command, '\0') >= 0)
		local_problem(delivery, step, "5.3.5", "mail to a command that is not named");	/* LV4 */
	else if (!(delivery->agent->allow_commands & step->origin))
		local_problem(delivery, step, "5.7.1", "mail to command is restricted");
	else
		local_add(delivery, TARGET_COMMAND, step, command, buf_view(&key));
	buf_fini(&key);
}

static void
add_file(struct local_delivery *delivery, const struct step *step, struct view path)
{
	struct buf key = BUF_INIT;

	buf_printf(&key, "file %ld %.*s", (long)step->as.uid, VIEW_ARG(path));
	if (path.len < 2 || view_find(path, '\0') >= 0)
		local_problem(delivery, step, "5.3.5", "mail to a file that is not named");	/* LV4 */
	else if (!(delivery->agent->allow_files & step->origin))
		local_problem(delivery, step, "5.7.1", "mail to file is restricted");
	else
		local_add(delivery, TARGET_FILE, step, path, buf_view(&key));
	buf_fini(&key);
}

/* "~/file": below the home of the user in whose .forward it stands, or in a file that is named there. */
static void
add_home_file(struct local_delivery *delivery, const struct step *step, struct view text)
{
	struct buf path = BUF_INIT;

	if (!view_starts(text, VIEW("~/"))) {
		local_problem(delivery, step, "5.3.5", "bad file name: %.*s", VIEW_ARG(text));
		return;
	}
	buf_printf(&path, "%s%.*s", step->user->home, (int)(text.len - 1), text.data + 1);
	add_file(delivery, step, buf_view(&path));
	buf_fini(&path);
}

/* The extension of what was asked for goes on to members that have none. */
static void
put_extended(const struct step *step, struct view internal, struct buf *out)
{
	struct view local = internal, domain;

	if (!address_split(internal, &local, &domain) || view_empty(step->unmatched)) {
		buf_putv(out, internal);
		return;
	}
	buf_printf(out, "%.*s%.*s@%.*s", VIEW_ARG(local), VIEW_ARG(step->unmatched), VIEW_ARG(domain));
}

static void
add_address(struct local_delivery *delivery, const struct step *step, struct view internal, bool aliases)
{
	struct buf full = BUF_INIT, extended = BUF_INIT;

	if (aliases) {
		rewrite_address(&delivery->agent->rewrite, REWRITE_LOCAL, internal, &full);
	} else {		/* \user is a user of this host */
		buf_putv(&full, internal);
		if (view_find(internal, '@') < 0)
			buf_printf(&full, "@%.*s", VIEW_ARG(step->domain));
	}
	put_extended(step, buf_view(&full), &extended);
	local_expand_member(delivery, step, buf_view(&extended), aliases);
	buf_fini(&extended);
	buf_fini(&full);
}

static void
add_addresses(struct local_delivery *delivery, const struct step *step, struct view text, bool aliases)
{
	enum { TOKENS_MAX = 10240 };
	struct address_list list;
	struct address_item item;
	bool any = false;

	address_list_init(&list, address_list_divide(delivery->arena, text), TOKENS_MAX, delivery->arena);
	while (address_list_next(&list, &item)) {
		any = true;
		if (view_empty(item.internal) || view_find(item.internal, '\0') >= 0)
			local_problem(delivery, step, "5.1.3", "bad address syntax: %.*s", VIEW_ARG(text));
		else
			add_address(delivery, step, item.internal, aliases);
	}
	if (!any)
		local_problem(delivery, step, "5.1.3", "bad address syntax: %.*s", VIEW_ARG(text));
}

/* -- :include:/file ------------------------------------------------------------------------------------------------ */

/* Root alone can have put something at this path, or a link into it. */
static bool
is_roots_place(const char *path)
{
	char *real = realpath(path, NULL), *part = real;
	bool good = real != NULL && strcmp(real, path) == 0;
	struct stat st;

	while (good && (part = strrchr(real, '/')) != NULL) {
		part[part == real] = '\0';		/* at last, "/" itself */
		good = lstat(real, &st) == 0 && st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
		if (part == real)
			break;
	}
	free(real);
	return good;
}

/*
 * The rights of whoever named it. What root names in his aliases is opened with the rights of its owner; with root's, where
 * nobody else can have made the path lead to a secret.
 */
static struct identity
rights_to_open(struct local_delivery *delivery, const struct step *step, const char *path)
{
	struct stat st;

	identity_restore();
	if (!step->named_by_root || lstat(path, &st) == -1)
		return step->as;
	if (st.st_uid != 0)
		return local_rights(delivery, st.st_uid);
	return is_roots_place(path) ? (struct identity){ .uid = 0, .gid = 0 } : step->as;
}

static int
open_include(struct local_delivery *delivery, const struct step *step, const char *path, struct buf *why)
{
	struct identity as = rights_to_open(delivery, step, path);
	int fd, error;

	identity_assume(&as);
	fd = file_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, why);
	error = errno;
	identity_restore();
	errno = error;
	return fd;
}

/* What is in it is done with the rights of its owner, or of the user who named it. */
static void
take_file_owner(struct local_delivery *delivery, struct step *step, uid_t owner)
{
	if (step->user != NULL)
		return;
	step->as = local_rights(delivery, owner);
	step->named_by_root &= owner == 0;
}

static bool
read_include(struct local_delivery *delivery, struct step *step, const char *path, struct buf *text, struct buf *why)
{
	int fd = open_include(delivery, step, path, why), error = EINVAL;
	struct buf reason = BUF_INIT;
	struct stat st;
	bool ok = false;

	if (fd == -1)
		return false;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || (st.st_mode & S_IWOTH))
		buf_puts(&reason, "not a regular file, or writable by everybody");
	else if (!(ok = file_read_fd(fd, LIST_SIZE_MAX - delivery->included, text, &reason)))
		error = errno;
	close(fd);
	if (ok) {
		delivery->included += text->len;
		take_file_owner(delivery, step, st.st_uid);
	} else {
		why_set(why, "include file %s: %s", path, buf_c(&reason));
	}
	buf_fini(&reason);
	errno = error;
	return ok;
}

static bool
is_passing(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO || error == ESTALE || error == ETIMEDOUT;
}

static void
include(struct local_delivery *delivery, const struct step *above, struct view path)
{
	struct step *step = arena_copy(delivery->arena, above, sizeof(*above));
	struct buf text = BUF_INIT, why = BUF_INIT;

	step->above = above;
	step->depth++;
	step->alias = VIEW_EMPTY;
	step->forward_of = NULL;
	step->origin = LOCAL_INCLUDE;
	if (!(delivery->agent->propagate & LOCAL_INCLUDE))
		step->unmatched = VIEW_EMPTY;
	if (step->depth > EXPANSION_DEPTH_MAX) {		/* LV5 */
		local_problem(delivery, step, "5.4.6", "alias, include or forward file nesting is too deep");
	} else if (++delivery->includes > INCLUDES_MAX) {	/* files that name each other twice double the work with each level */
		if (delivery->includes == INCLUDES_MAX + 1)
			local_problem(delivery, step, "5.4.6", "more than %d include files", INCLUDES_MAX);
	} else if (path.len < 2 || path.data[0] != '/' || view_find(path, '\0') >= 0) {
		local_problem(delivery, step, "5.3.5", "bad :include: path: \"%.*s\"", VIEW_ARG(path));
	} else if (read_include(delivery, step, arena_string(delivery->arena, path), &text, &why)) {
		local_members(delivery, step, buf_view(&text), true);
	} else {
		log_warn("%s", buf_c(&why));
		if (is_passing(errno))
			local_wait(delivery, "4.3.0", "unable to open include file %.*s", VIEW_ARG(path));
		else
			local_problem(delivery, step, "5.3.5", "unable to open include file %.*s", VIEW_ARG(path));
	}
	buf_fini(&why);
	buf_fini(&text);
}

/* -- taking lists apart ---------------------------------------------------------------------------------------------- */

/* Where a quoted string ends: behind the closing quote, or at the end. */
static size_t
quoted_length(struct view text)
{
	for (size_t i = 1; i < text.len; i++) {
		if (text.data[i] == '\\')
			i++;
		else if (text.data[i] == '"')
			return i + 1;
	}
	return text.len;
}

/* Is all of it one quoted string? Then what is in it. */
static bool
unquote(struct view text, struct buf *out)
{
	if (text.len < 2 || text.data[0] != '"' || quoted_length(text) != text.len || text.data[text.len - 1] != '"')
		return false;
	for (size_t i = 1; i + 1 < text.len; i++) {
		if (text.data[i] == '\\' && i + 2 < text.len)
			i++;
		buf_putc(out, text.data[i]);
	}
	return true;
}

/* Commands may be quoted with or without their bar. */
static void
command_member(struct local_delivery *delivery, const struct step *step, struct view rest)
{
	struct buf inner = BUF_INIT;

	rest = view_trim(rest);
	add_command(delivery, step, unquote(rest, &inner) ? buf_view(&inner) : rest);
	buf_fini(&inner);
}

static void
member(struct local_delivery *delivery, const struct step *step, struct view item)
{
	static const char include_tag[] = ":include:";
	struct buf inner = BUF_INIT;
	struct view text = unquote(item, &inner) ? buf_view(&inner) : item;
	char first = text.len > 0 ? text.data[0] : '\0';

	if (!local_may_expand(delivery, step))
		;	/* said already */
	else if (first == '|')
		command_member(delivery, step, view_slice(text, 1, text.len));
	else if (first == '/')
		add_file(delivery, step, text);
	else if (first == '~' && step->user != NULL)
		add_home_file(delivery, step, text);
	else if (view_starts_nocase(text, view_string(include_tag)))
		include(delivery, step, view_trim(view_slice(text, sizeof(include_tag) - 1, text.len)));
	else if (first == '\\')
		add_addresses(delivery, step, view_slice(text, 1, text.len), false);
	else
		add_addresses(delivery, step, item, true);
	buf_fini(&inner);
}

/* Where a member ends: a comma, or in files a line end, which ends any quoting too. */
static size_t
member_length(struct view list, bool lines)
{
	struct view line = list;
	ptrdiff_t end = lines ? view_find(list, '\n') : -1;
	int depth = 0;

	if (end >= 0)
		line = view_slice(list, 0, (size_t)end);
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] == '"')
			i += quoted_length(view_slice(line, i, line.len)) - 1;
		else if (line.data[i] == '(')
			depth++;
		else if (line.data[i] == ')' && depth > 0)
			depth--;
		else if (line.data[i] == ',' && depth == 0)
			return i;
	}
	return line.len;
}

size_t
local_members(struct local_delivery *delivery, const struct step *step, struct view list, bool lines)
{
	bool line_start = lines;
	size_t count = 0;

	while (list.len > 0) {
		ptrdiff_t line_end = view_find(list, '\n');
		bool comment = line_start && list.data[0] == '#';
		size_t end = !comment ? member_length(list, lines) : line_end >= 0 ? (size_t)line_end : list.len;
		struct view item = view_trim(view_slice(list, 0, end));

		if (!comment && !view_empty(item)) {
			member(delivery, step, item);
			count++;
		}
		line_start = lines && end < list.len && list.data[end] == '\n';
		list = view_slice(list, end + 1, list.len);
	}
	return count;
}

#include "global/queue/bounce_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#include "global/address/address.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/text/encode.h"

enum {
	LOCK_WAIT_MS = 100 * 1000,
	BLOCK_SIZE = 4096,
	ENTRY_MAX = 256 * 1024,		/* bytes of an entry that are read; the rest of it is passed over */
};

/* -- text ---------------------------------------------------------------------------------------------------------- */

enum member_kind { TEXT, ADDRESS, INTEGER, OFFSET };

#define MEMBER(name)	offsetof(struct bounce_log_entry, name)

static const struct member {
	const char *name;
	enum member_kind kind;
	size_t offset;
} members[] = {
	{ "recipient", ADDRESS, MEMBER(recipient) },
	{ "original_recipient", ADDRESS, MEMBER(original) },
	{ "offset", OFFSET, MEMBER(offset) },
	{ "dsn_orig_rcpt", TEXT, MEMBER(dsn_orcpt) },
	{ "notify_flags", INTEGER, MEMBER(dsn_notify) },
	{ "status", TEXT, MEMBER(status) },
	{ "action", TEXT, MEMBER(action) },
	{ "diag_type", TEXT, MEMBER(diag_type) },
	{ "diag_text", TEXT, MEMBER(diag_text) },
	{ "mta_type", TEXT, MEMBER(mta_type) },
	{ "mta_mname", TEXT, MEMBER(mta_name) },
	{ "reason", TEXT, MEMBER(reason) },
};

static void
put_address(struct buf *out, struct view internal)
{
	struct buf quoted = BUF_INIT;

	if (view_empty(internal))
		buf_puts(&quoted, "<>");
	else
		address_quote(&quoted, internal);
	printable_put(out, buf_view(&quoted), '?', true);
	buf_fini(&quoted);
}

static void
put_text(struct buf *out, const char *name, struct view value)
{
	if (view_empty(value))
		return;
	buf_puts(out, name);
	buf_putc(out, '=');
	printable_put(out, value, '?', true);
	buf_putc(out, '\n');
}

static void
put_pair(struct buf *out, const char *type_name, struct view type, const char *text_name, struct view text)
{
	if (view_empty(type) || view_empty(text))
		return;
	put_text(out, type_name, type);
	put_text(out, text_name, text);
}

static void
put_recipient(struct buf *out, const struct bounce_log_entry *entry)
{
	buf_puts(out, "recipient=");
	put_address(out, entry->recipient);
	buf_putc(out, '\n');
	if (!view_empty(entry->original) && !view_equal_nocase(entry->original, entry->recipient)) {
		buf_puts(out, "original_recipient=");
		put_address(out, entry->original);
		buf_putc(out, '\n');
	}
	if (entry->offset > 0)
		buf_printf(out, "offset=%" PRId64 "\n", entry->offset);
	put_text(out, "dsn_orig_rcpt", entry->dsn_orcpt);
	if (entry->dsn_notify > 0)
		buf_printf(out, "notify_flags=%d\n", entry->dsn_notify);
}

void
bounce_log_format(struct buf *out, const struct bounce_log_entry *entry, bool compatible)
{
	buf_putc(out, '\n');
	if (compatible) {
		struct buf address = BUF_INIT;

		put_address(&address, entry->recipient);
		buf_printf(out, view_empty(entry->recipient) ? "%s: " : "<%s>: ", buf_c(&address));
		printable_put(out, entry->reason, '?', true);
		buf_putc(out, '\n');
		buf_fini(&address);
	}
	put_recipient(out, entry);
	put_text(out, "status", entry->status);
	put_text(out, "action", entry->action);
	put_pair(out, "diag_type", entry->diag_type, "diag_text", entry->diag_text);
	put_pair(out, "mta_type", entry->mta_type, "mta_mname", entry->mta_name);
	put_text(out, "reason", entry->reason);
	buf_putc(out, '\n');
}

static struct view
clean(struct arena *arena, struct view value)
{
	struct buf text = BUF_INIT;
	struct view copy;

	printable_put(&text, value, '?', true);
	copy = arena_view(arena, buf_view(&text));
	buf_fini(&text);
	return copy;
}

static struct view
clean_address(struct arena *arena, struct view external)
{
	struct buf internal = BUF_INIT;
	struct view address;

	if (view_is(external, "<>"))
		return VIEW_EMPTY;
	address = clean(arena, external);
	if (address_unquote(&internal, address))
		address = arena_view(arena, buf_view(&internal));
	buf_fini(&internal);
	return address;
}

static void
set_member(const struct member *member, struct view value, struct arena *arena, struct bounce_log_entry *entry)
{
	char *at = (char *)entry + member->offset;
	unsigned long long number;

	switch (member->kind) {
	case TEXT:
		*(struct view *)(void *)at = clean(arena, value);
		break;
	case ADDRESS:
		*(struct view *)(void *)at = clean_address(arena, value);
		break;
	case INTEGER:
		if (view_number(value, &number) && number <= INT_MAX)
			*(int *)(void *)at = (int)number;
		break;
	case OFFSET:
		if (view_number(value, &number) && number <= INT64_MAX)
			*(int64_t *)(void *)at = (int64_t)number;
		break;
	}
}

/* name=value; false: no such name */
static bool
parse_member(struct view line, struct arena *arena, struct bounce_log_entry *entry)
{
	struct view name, value;

	if (!view_split(line, '=', &name, &value))
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		if (!view_is(name, members[i].name))
			continue;
		set_member(&members[i], value, arena, entry);
		return true;
	}
	return false;
}

/* "<recipient>: text", of programs that knew nothing else; an entry may have both forms. */
static void
parse_old(struct view line, struct arena *arena, struct bounce_log_entry *entry)
{
	static const struct view end = VIEW_INIT(">: ");
	ptrdiff_t at = view_find_view(line, end);

	if (at < 0)
		return;
	if (view_empty(entry->recipient))
		entry->recipient = clean_address(arena, view_slice(line, 1, (size_t)at));
	if (view_empty(entry->reason))
		entry->reason = clean(arena, view_slice(line, (size_t)at + end.len, line.len));
}

static void
set_default(struct view *member, const char *text)
{
	if (view_empty(*member))
		*member = view_string(text);
}

static void
fill_in(struct bounce_log_entry *entry, const char *queue, bool named)
{
	bool deferred = strcmp(queue, QUEUE_DEFER) == 0;

	if (!named)
		set_default(&entry->recipient, "(recipient address unavailable)");
	set_default(&entry->reason, "(description unavailable)");
	set_default(&entry->status, deferred ? "4.0.0" : "5.0.0");
	set_default(&entry->action, deferred ? "delayed" : "failed");
	if (view_empty(entry->diag_type) || view_empty(entry->diag_text))
		entry->diag_type = entry->diag_text = VIEW_EMPTY;
	if (view_empty(entry->mta_type) || view_empty(entry->mta_name))
		entry->mta_type = entry->mta_name = VIEW_EMPTY;
}

void
bounce_log_parse(struct view lines, const char *queue, struct arena *arena, struct bounce_log_entry *entry)
{
	struct view line;
	bool named = false;

	*entry = (struct bounce_log_entry){ 0 };
	while (view_word(&lines, "\n", &line)) {
		named |= view_starts(line, VIEW("recipient=<>")) || view_starts(line, VIEW("<>"));
		if (line.data[0] == '<')
			parse_old(line, arena, entry);
		else if (!parse_member(line, arena, entry))
			log_warn("%s log: unknown line: %.*s", queue, VIEW_ARG(view_slice(line, 0, 100)));
	}
	fill_in(entry, queue, named);
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

static int
open_log(const char *path, struct buf *why)
{
	const int flags = O_RDWR | O_APPEND | O_CREAT;
	int fd = file_open(path, flags, 0600, why);

	if (fd == -1 && errno == ENOENT && queue_make_directories(path, why))
		fd = file_open(path, flags, 0600, why);
	return fd;
}

/* Half an entry, of somebody who died over it, must not swallow the next one. */
static bool
ends_in_a_line(int fd, off_t size)
{
	char last;

	return size > 0 && file_pread_all(fd, &last, 1, size - 1) && last != '\n';
}

static bool
write_or_cut(int fd, struct view text, struct buf *why)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		why_set(why, "fstat: %m");
		return false;
	}
	if ((!ends_in_a_line(fd, st.st_size) || file_write_all(fd, VIEW("\n"), why)) && file_write_all(fd, text, why)) {
		if (fsync(fd) == 0)
			return true;
		why_set(why, "sync: %m");
	}
	if (ftruncate(fd, st.st_size) == -1)
		log_warn("bounce log: cannot cut off a partial entry: %m");
	return false;
}

/*
 * The log, locked for us alone; -1 with a reason. Who had the lock before may have removed the file that we opened: then
 * the name belongs to nothing, or to another one.
 */
static int
open_locked(const char *path, int (*opener)(const char *path, struct buf *why), msec_t deadline, struct buf *why)
{
	struct stat st;
	int fd;

	while ((fd = opener(path, why)) != -1) {
		if (!file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, deadline) || fstat(fd, &st) == -1) {
			why_set(why, "lock %s: %m", path);
			break;
		}
		if (st.st_nlink > 0)
			return fd;
		close(fd);
	}
	if (fd != -1)
		close(fd);
	return -1;
}

bool
bounce_log_append(const struct queue_layout *layout, const char *queue, struct view id,
    const struct bounce_log_entry *entry, bool compatible, struct buf *why)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	bool written = false;
	int fd;

	queue_path(&path, layout, queue, id);
	if ((fd = open_locked(buf_c(&path), open_log, clock_deadline(LOCK_WAIT_MS), why)) != -1) {
		bounce_log_format(&text, entry, compatible);
		written = write_or_cut(fd, buf_view(&text), why);
		close(fd);
	}
	buf_fini(&path);
	buf_fini(&text);
	return written;
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

struct bounce_log {
	int fd;
	struct stat opened;	/* what it was then; later entries are not read */
	off_t at;		/* where the next block begins */
	bool damaged;
	char *queue;
	struct buf block;	/* read and not taken yet */
	size_t taken;		/* of block */
	struct buf line;
	struct buf lines;	/* of the entry */
	struct arena arena;
};

struct bounce_log *
bounce_log_open(const struct queue_layout *layout, const char *queue, struct view id, struct buf *why)
{
	struct buf path = BUF_INIT;
	struct bounce_log *log = NULL;
	int fd;

	queue_path(&path, layout, queue, id);
	if ((fd = file_open(buf_c(&path), O_RDONLY, 0, why)) != -1) {
		log = mem_new(sizeof(*log));
		log->fd = fd;
		log->queue = mem_string(queue);
		log->damaged = fstat(fd, &log->opened) == -1;
	}
	buf_fini(&path);
	return log;
}

void
bounce_log_close(struct bounce_log *log)
{
	if (log == NULL)
		return;
	close(log->fd);
	mem_free(log->queue);
	buf_fini(&log->block);
	buf_fini(&log->line);
	buf_fini(&log->lines);
	arena_fini(&log->arena);
	mem_free(log);
}

void
bounce_log_rewind(struct bounce_log *log)
{
	buf_reset(&log->block);
	log->taken = 0;
	log->at = 0;
}

bool
bounce_log_damaged(const struct bounce_log *log)
{
	return log->damaged;
}

static bool
fill(struct bounce_log *log)
{
	off_t left = log->opened.st_size - log->at;
	size_t len = left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;

	buf_reset(&log->block);
	log->taken = 0;
	if (log->damaged || left <= 0)
		return false;
	if (!file_pread_all(log->fd, buf_reserve(&log->block, len), len, log->at)) {
		log_warn("%s log: read: %s", log->queue, errno != 0 ? strerror(errno) : "unexpected end of file");
		log->damaged = true;
		return false;
	}
	buf_added(&log->block, len);
	log->at += (off_t)len;
	return true;
}

/* The next line without its end, cut at ENTRY_MAX. False at the end of the file. */
static bool
next_line(struct bounce_log *log)
{
	bool any = false;

	buf_reset(&log->line);
	for (;;) {
		struct view rest = view_slice(buf_view(&log->block), log->taken, log->block.len);
		ptrdiff_t end = view_find(rest, '\n');

		if (log->line.len < ENTRY_MAX)
			buf_putv(&log->line, view_slice(rest, 0, end >= 0 ? (size_t)end : rest.len));
		any |= rest.len > 0;
		if (end >= 0) {
			log->taken += (size_t)end + 1;
			return true;
		}
		if (!fill(log))
			return any;
	}
}

bool
bounce_log_next(struct bounce_log *log, struct bounce_log_entry *entry)
{
	buf_reset(&log->lines);
	while (next_line(log)) {
		if (log->line.len == 0 && log->lines.len > 0)
			break;
		if (log->line.len == 0 || log->lines.len + log->line.len > ENTRY_MAX)
			continue;
		buf_putv(&log->lines, buf_view(&log->line));
		buf_putc(&log->lines, '\n');
	}
	if (log->lines.len == 0)
		return false;
	arena_reset(&log->arena);
	bounce_log_parse(buf_view(&log->lines), log->queue, &log->arena, entry);
	return true;
}

/* -- the end --------------------------------------------------------------------------------------------------------- */

static int
open_to_remove(const char *path, struct buf *why)
{
	return file_open(path, O_WRONLY, 0, why);
}

/* Nothing to be read in it, or nothing but what was. */
static bool
is_finished(int fd, const struct bounce_log *log)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return false;
	if (log == NULL)
		return st.st_size == 0;
	return st.st_ino == log->opened.st_ino && st.st_dev == log->opened.st_dev && st.st_size == log->opened.st_size;
}

bool
bounce_log_remove(const struct queue_layout *layout, const char *queue, struct view id, const struct bounce_log *log,
    struct buf *why)
{
	struct buf path = BUF_INIT;
	bool removed = false;
	int fd;

	queue_path(&path, layout, queue, id);
	fd = open_locked(buf_c(&path), open_to_remove, log != NULL ? clock_deadline(LOCK_WAIT_MS) : 0, why);
	if (fd == -1)
		removed = errno == ENOENT;
	else if (!is_finished(fd, log))
		why_set(why, "%s: more was added to the log meanwhile", buf_c(&path));
	else
		removed = queue_remove(layout, queue, id, why) || errno == ENOENT;
	if (fd != -1)
		close(fd);
	buf_fini(&path);
	return removed;
}

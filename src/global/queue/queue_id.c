#include "global/queue/queue_id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file/file.h"
#include "util/text/chars.h"
#include "util/text/cursor.h"

/*
 * Long ids: seconds in base 52, at least 6 digits; microseconds in base 52, exactly 4; 'z'; the inode in base 51, which
 * lacks the digit 'z', so that the last one in a name is always the separator.
 */
static const char digits[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";

enum {
	BASE_TIME = 52, BASE_INODE = 51, SECONDS_DIGITS = 6, USEC_DIGITS = 4, LONG_SEPARATOR_MIN = 10,
	SHORT_USEC_DIGITS = 5, QUEUE_NAME_MAX = 100,
};

static bool
all_of(struct view v, size_t max, bool underscore)
{
	if (v.len == 0 || v.len > max)
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (!char_is(v.data[i], CHAR_DIGIT | CHAR_ALPHA) && !(underscore && v.data[i] == '_'))
			return false;
	return true;
}

bool
queue_id_valid(struct view id)
{
	return all_of(id, QUEUE_ID_MAX, false);
}

bool
queue_name_valid(struct view name)
{
	return all_of(name, QUEUE_NAME_MAX, false);
}

bool
queue_flush_name_valid(struct view name)
{
	return all_of(name, QUEUE_ID_MAX, true);
}

bool
queue_id_is_long(struct view id)
{
	return view_rfind(id, 'z') >= LONG_SEPARATOR_MIN;
}

static void
put_base(struct buf *out, uint64_t number, unsigned base, int width)
{
	char text[64];
	int at = sizeof(text);

	do {
		text[--at] = digits[number % base];
		number /= base;
	} while (number > 0);
	while ((int)sizeof(text) - at < width)
		text[--at] = '0';
	buf_put(out, text + at, sizeof(text) - (size_t)at);
}

static bool
parse_base(struct view text, unsigned base, uint64_t *out)
{
	uint64_t number = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *digit = text.data[i] != '\0' ? strchr(digits, text.data[i]) : NULL;

		if (digit == NULL || digit - digits >= (ptrdiff_t)base ||
		    __builtin_mul_overflow(number, (uint64_t)base, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(digit - digits), &number))
			return false;
	}
	*out = number;
	return text.len > 0;
}

static bool
parse_hex(struct view text, uint64_t *out)
{
	uint64_t number = 0;

	if (text.len == 0 || text.len > 16)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = char_lower(text.data[i]);

		if (!char_is(c, CHAR_HEX))
			return false;
		number = number << 4 | (uint64_t)(char_is(c, CHAR_DIGIT) ? c - '0' : c - 'a' + 10);
	}
	*out = number;
	return true;
}

void
queue_id_make(struct buf *out, bool long_form, struct timeval when, ino_t inode)
{
	buf_reset(out);
	if (!long_form) {
		buf_printf(out, "%05X%lX", (unsigned)when.tv_usec, (unsigned long)inode);
		return;
	}
	put_base(out, (uint64_t)when.tv_sec, BASE_TIME, SECONDS_DIGITS);
	put_base(out, (uint64_t)when.tv_usec, BASE_TIME, USEC_DIGITS);
	buf_putc(out, 'z');
	put_base(out, (uint64_t)inode, BASE_INODE, 1);
}

bool
queue_id_inode(struct view id, ino_t *inode)
{
	ptrdiff_t separator = view_rfind(id, 'z');
	uint64_t number;

	if (separator >= LONG_SEPARATOR_MIN
	    ? !parse_base(view_slice(id, (size_t)separator + 1, id.len), BASE_INODE, &number)
	    : !parse_hex(view_slice(id, SHORT_USEC_DIGITS, id.len), &number))
		return false;
	*inode = (ino_t)number;
	return true;
}

bool
queue_id_time(struct view id, struct timeval *when)
{
	ptrdiff_t separator = view_rfind(id, 'z');
	uint64_t sec, usec;
	size_t split;

	if (separator < LONG_SEPARATOR_MIN)
		return false;
	split = (size_t)separator - USEC_DIGITS;
	if (!parse_base(view_slice(id, 0, split), BASE_TIME, &sec) ||
	    !parse_base(view_slice(id, split, (size_t)separator), BASE_TIME, &usec))
		return false;
	*when = (struct timeval){ (time_t)sec, (suseconds_t)usec };
	return true;
}

/* -- places ------------------------------------------------------------------------------------------------------- */

static bool
is_hashed(const struct queue_layout *layout, const char *queue)
{
	struct view rest = view_string(layout->hashed_names), word;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_is_nocase(word, queue))
			return true;
	return false;
}

/* The characters that name the levels: the start of a short id, the microseconds of a long one in hexadecimal. */
static void
hash_characters(struct buf *out, struct view id)
{
	struct timeval when;

	buf_reset(out);
	if (queue_id_time(id, &when))
		buf_printf(out, "%05lX", (unsigned long)when.tv_usec);
	else
		buf_putv(out, id);
}

void
queue_path(struct buf *out, const struct queue_layout *layout, const char *queue, struct view id)
{
	struct buf hash = BUF_INIT;

	buf_reset(out);
	buf_puts(out, queue);
	buf_putc(out, '/');
	if (is_hashed(layout, queue)) {
		hash_characters(&hash, id);
		for (size_t level = 0; level < (size_t)layout->hash_depth; level++) {
			buf_putc(out, level < hash.len ? hash.data[level] : '_');
			buf_putc(out, '/');
		}
	}
	buf_putv(out, id);
	buf_fini(&hash);
}

bool
queue_make_directories(const char *path, struct buf *why)
{
	struct view directory, name;
	struct buf parent = BUF_INIT;
	bool made;

	if (!view_rsplit(view_string(path), '/', &directory, &name))
		return true;
	buf_putv(&parent, directory);
	made = file_make_directories(buf_c(&parent), 0700, why);
	buf_fini(&parent);
	return made;
}

static bool
rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	return rename(from, to) == 0;	/* the file system cannot refuse to replace */
}

/* One file with both names is a rename that a power cut left half done. */
static bool
finish_rename(const char *from, const char *to)
{
	struct stat one, other;

	if (lstat(from, &one) == 0 && lstat(to, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino)
		return unlink(from) == 0;
	errno = EEXIST;
	return false;
}

bool
queue_rename(const char *from, const char *to, struct buf *why)
{
	if (rename_new(from, to) || (errno == EEXIST && finish_rename(from, to)))
		return true;
	/* Either the file is gone or a hash directory is missing; to ask which, try again with the directory made. */
	if (errno == ENOENT && access(from, F_OK) == 0 && queue_make_directories(to, NULL) && rename_new(from, to))
		return true;
	why_set(why, "rename %s to %s: %m", from, to);
	return false;
}

bool
queue_move(const struct queue_layout *layout, const char *from_queue, const char *to_queue, struct view id, struct buf *why)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	bool moved;

	queue_path(&from, layout, from_queue, id);
	queue_path(&to, layout, to_queue, id);
	moved = queue_rename(buf_c(&from), buf_c(&to), why);
	buf_fini(&from);
	buf_fini(&to);
	return moved;
}

bool
queue_remove(const struct queue_layout *layout, const char *queue, struct view id, struct buf *why)
{
	struct buf path = BUF_INIT;
	bool removed;

	queue_path(&path, layout, queue, id);
	if (!(removed = unlink(buf_c(&path)) == 0))
		why_set(why, "remove %s: %m", buf_c(&path));
	buf_fini(&path);
	return removed;
}

bool
queue_file_complete(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & S_IRWXU) == S_IRWXU;
}

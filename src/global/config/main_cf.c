#include "global/config/main_cf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "global/config/config.h"
#include "global/config/logical_line.h"
#include "util/base/clock.h"
#include "util/file/file.h"
#include "util/text/words.h"

enum {
	FILE_MAX = 16 << 20,		/* bytes */
	NAME_MAX_LENGTH = 1000,
	SETTLE_MS = 20,			/* a file younger than this may still be written to: time stamps have a grain */
	STABLE_WITHIN_MS = 5000,
};

static bool
name_good(struct view name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!char_is(name.data[i], CHAR_PRINT))
			return false;
	return name.len <= NAME_MAX_LENGTH;
}

static bool
split_plain(struct view text, struct view *name, struct view *value, struct buf *why)
{
	struct view before, after;

	if (!view_split(text, '=', &before, &after)) {
		why_set(why, "missing '=' after attribute name: \"%.*s\"", (int)(text.len < 100 ? text.len : 100),
		    text.len > 0 ? text.data : "");
		return false;
	}
	before = view_trim(before);
	if (view_empty(before)) {
		why_set(why, "missing attribute name: \"%.*s\"", (int)(text.len < 100 ? text.len : 100), text.data);
		return false;
	}
	if (view_find_any(before, " \t\r\n\v\f") >= 0) {
		why_set(why, "missing '=' after attribute name: \"%.*s\"", (int)(text.len < 100 ? text.len : 100), text.data);
		return false;
	}
	if (!name_good(before)) {
		why_set(why, "not a parameter name before '='");
		return false;
	}
	*name = before;
	*value = view_trim(after);
	return true;
}

bool
main_cf_split(struct view text, struct view *name, struct view *value, struct buf *why)
{
	struct view inner = view_trim(text);

	if (inner.len > 0 && inner.data[0] == '{' && !words_inner(inner, &inner, why))
		return false;
	return split_plain(inner, name, value, why);
}

bool
main_cf_parse(struct view text, const char *path, main_cf_setting *each, void *arg, struct buf *why)
{
	struct logical_line line = { BUF_INIT, 0 };
	struct buf reason = BUF_INIT;
	struct line_reader reader;
	struct view name, value;
	enum line_result result;

	line_reader_init(&reader, text, path);
	while ((result = line_next(&reader, &line, why)) == LINE_READ) {
		if (!split_plain(buf_view(&line.text), &name, &value, &reason)) {
			why_set(why, "%s, line %d: %s", path, line.number, buf_c(&reason));
			result = LINE_BAD;
			break;
		}
		if (!each(name, value, line.number, arg))
			break;
	}
	buf_fini(&reason);
	buf_fini(&line.text);
	return result != LINE_BAD;
}

void
file_identity_of(const struct stat *st, struct file_identity *out)
{
	out->device = st->st_dev;
	out->inode = st->st_ino;
	out->size = (uint64_t)st->st_size;
	out->mtime_sec = (uint64_t)st->st_mtim.tv_sec;
	out->mtime_nsec = (uint64_t)st->st_mtim.tv_nsec;
}

bool
file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
read_once(const char *path, struct buf *text, struct file_identity *id, struct buf *why)
{
	int fd = file_open(path, O_RDONLY, 0, why);
	struct stat st;
	bool done;

	if (fd == -1)
		return false;
	buf_reset(text);
	done = fstat(fd, &st) == 0 && file_read_fd(fd, FILE_MAX, text, why);
	if (done)
		file_identity_of(&st, id);
	else
		why_set(why, "read %s: %s", path, errno == EFBIG ? "too large for a configuration file" : strerror(errno));
	close(fd);
	return done;
}

/* Is the last change so recent that another one could carry the same time? Times to come are not waited for. */
static bool
too_young(const struct file_identity *id)
{
	struct timeval now = clock_wall();
	int64_t age_ms = ((int64_t)now.tv_sec - (int64_t)id->mtime_sec) * 1000 +
	    (now.tv_usec - (int64_t)id->mtime_nsec / 1000) / 1000;

	return age_ms >= 0 && age_ms < SETTLE_MS;
}

static bool
unchanged(const char *path, const struct file_identity *id)
{
	struct file_identity now;
	struct stat st;

	if (stat(path, &st) == -1)
		return false;
	file_identity_of(&st, &now);
	return file_identity_equal(&now, id);
}

bool
main_cf_read(const char *path, struct buf *text, struct file_identity *id, struct buf *why)
{
	for (int waited_ms = 0; waited_ms < STABLE_WITHIN_MS; waited_ms += SETTLE_MS) {
		if (!read_once(path, text, id, why))
			return false;
		if (!too_young(id) && unchanged(path, id) && text->len == id->size)
			return true;
		poll(NULL, 0, SETTLE_MS);
	}
	why_set(why, "read %s: the file keeps changing", path);
	return false;
}

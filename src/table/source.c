#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "table/source.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/text/chars.h"
#include "util/text/words.h"

enum { READ_SIZE = 65536 };

static void
source_init(struct source *source, const char *name)
{
	*source = (struct source){ .name = name, .fd = -1 };
}

bool
source_open(struct source *source, const char *path, struct buf *why)
{
	source_init(source, path);
	if ((source->fd = file_open(path, O_RDONLY, 0, why)) == -1)
		return false;
	if (fstat(source->fd, &source->st) == 0 && !S_ISDIR(source->st.st_mode))
		return true;
	why_set(why, "open %s: not a file", path);
	source_close(source);
	return false;
}

void
source_open_fd(struct source *source, int fd, const char *name)
{
	source_init(source, name);
	source->fd = dup(fd);
	source->failed = source->fd == -1;
}

void
source_open_text(struct source *source, struct view text, const char *name)
{
	source_init(source, name);
	source->eof = true;
	buf_putv(&source->raw, text);
}

/* Each element becomes a line of its own; a line end inside one would be two, so it becomes a blank. */
bool
source_open_inline(struct source *source, struct view list, const char *name, struct buf *why)
{
	struct buf none = BUF_INIT;
	struct view word, inner;

	source_init(source, name);
	source->eof = source->is_inline = true;
	while (words_next(&list, &word, &none)) {
		if (!words_inner(word, &inner, NULL)) {
			why_set(&none, "need \"{text}\" instead of \"%.*s\"", VIEW_ARG(word));
			break;
		}
		for (size_t i = 0; i < inner.len; i++)
			buf_putc(&source->raw, inner.data[i] == '\n' ? ' ' : inner.data[i]);
		buf_putc(&source->raw, '\n');
	}
	if (none.len == 0 && source->raw.len == 0)
		why_set(&none, "empty list");
	if (none.len > 0) {
		why_set(why, "%s", buf_c(&none));
		source_close(source);
	}
	buf_fini(&none);
	return source->raw.len > 0;
}

void
source_close(struct source *source)
{
	if (source->fd != -1)
		close(source->fd);
	source->fd = -1;
	buf_fini(&source->raw);
	buf_fini(&source->text);
}

void
source_warn(const struct source *source, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	log_warn("%s, %s %d: %s", source->name, source->is_inline ? "rule" : "line", source->line, buf_c(&text));
	buf_fini(&text);
}

static void
read_more(struct source *source)
{
	ssize_t n;

	buf_remove(&source->raw, 0, source->at);
	source->at = 0;
	do {
		n = read(source->fd, buf_reserve(&source->raw, READ_SIZE), READ_SIZE);
	} while (n == -1 && errno == EINTR);
	if (n > 0) {
		buf_added(&source->raw, (size_t)n);
		return;
	}
	source->eof = true;
	if (n == -1) {
		source->failed = true;
		log_warn("read %s: %s", source->name, strerror(errno));
	}
}

/* Shows the next physical line without using it; *size counts its line end as well. */
static bool
peek_line(struct source *source, struct view *line, size_t *size)
{
	size_t looked = 0;
	ptrdiff_t end;
	struct view rest;

	for (;;) {
		rest = view_slice(buf_view(&source->raw), source->at, source->raw.len);
		if ((end = view_find(view_slice(rest, looked, rest.len), '\n')) != -1)
			break;
		looked = rest.len;
		if (source->eof || rest.len > SOURCE_LINE_MAX)
			break;
		read_more(source);
	}
	*line = end == -1 ? rest : view_slice(rest, 0, looked + (size_t)end);
	*size = end == -1 ? rest.len : looked + (size_t)end + 1;
	return *size > 0 && !source->failed;
}

static void
use_line(struct source *source, size_t size)
{
	source->at += size;
	source->physical++;
}

static bool
is_comment(struct view line)
{
	struct view text = view_trim(line);

	return text.len == 0 || text.data[0] == '#';
}

static bool
fits(struct source *source, struct view more)
{
	if (more.len + source->text.len <= SOURCE_LINE_MAX)
		return true;
	source_warn(source, "this line is too long; the rest of the file is ignored");
	source->failed = true;
	return false;
}

/* The first physical line that is no comment. */
static bool
begin(struct source *source)
{
	struct view line;
	size_t size;

	buf_reset(&source->text);
	while (peek_line(source, &line, &size)) {
		use_line(source, size);
		source->line = source->physical;
		if (!fits(source, line))
			return false;
		if (is_comment(line))
			continue;
		buf_putv(&source->text, line);
		return true;
	}
	return false;
}

/* Everything up to the next line that begins with text. */
static bool
continue_line(struct source *source)
{
	struct view line;
	size_t size;

	while (peek_line(source, &line, &size)) {
		if (!is_comment(line) && !char_is(line.data[0], CHAR_SPACE))
			break;
		if (!fits(source, line))
			return false;
		if (!is_comment(line))
			buf_putv(&source->text, line);
		use_line(source, size);
	}
	return !source->failed;
}

static void
trim_end(struct buf *text)
{
	while (text->len > 0 && char_is(text->data[text->len - 1], CHAR_SPACE))
		buf_truncate(text, text->len - 1);
}

bool
source_next(struct source *source, struct view *line)
{
	while (!source->failed && begin(source) && continue_line(source)) {
		trim_end(&source->text);
		*line = buf_view(&source->text);
		if (!char_is(line->data[0], CHAR_SPACE))
			return true;
		source_warn(source, "logical line must not start with whitespace: \"%.30s\"", buf_c(&source->text));
	}
	return false;
}

#include "global/config/logical_line.h"

#include "util/text/chars.h"

void
line_reader_init(struct line_reader *reader, struct view text, const char *path)
{
	reader->in = cursor_of(text);
	reader->path = path;
	reader->number = 0;
}

/* One line of the file, without its end; the last one may lack the line feed. */
static bool
physical_line(struct line_reader *reader, struct view *line)
{
	if (cursor_done(&reader->in))
		return false;
	if (!cursor_until(&reader->in, '\n', line)) {
		*line = cursor_rest(&reader->in);
		reader->in.at = reader->in.end;
	}
	reader->number++;
	return true;
}

static bool
counts(struct view trimmed)
{
	return trimmed.len > 0 && trimmed.data[0] != '#';
}

static bool
only_text(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (char_is(v.data[i], CHAR_CONTROL) && !char_is(v.data[i], CHAR_SPACE))
			return false;
	return true;
}

static bool
add_part(const struct line_reader *reader, struct logical_line *line, struct view part, struct buf *why)
{
	if (!only_text(part)) {
		why_set(why, "%s, line %d: control character: this is no text file", reader->path, reader->number);
		return false;
	}
	if (line->text.len + part.len >= LOGICAL_LINE_MAX) {
		why_set(why, "%s, line %d: longer than %d bytes with its continuation lines", reader->path,
		    line->text.len > 0 ? line->number : reader->number, LOGICAL_LINE_MAX);
		return false;
	}
	if (line->text.len > 0)
		buf_putc(&line->text, ' ');
	else
		line->number = reader->number;
	buf_putv(&line->text, part);
	return true;
}

/* Does what follows belong to the same logical line? Comments and blank lines between are for the next call. */
static bool
continues(struct line_reader *reader)
{
	struct line_reader ahead = *reader;
	struct view line;

	while (physical_line(&ahead, &line))
		if (counts(view_trim(line)))
			return char_is(line.data[0], CHAR_SPACE);
	return false;
}

static enum line_result
continuation(struct line_reader *reader, struct logical_line *line, struct buf *why)
{
	struct view part;

	while (continues(reader)) {
		do {
			physical_line(reader, &part);
		} while (!counts(view_trim(part)));
		if (!add_part(reader, line, view_trim(part), why))
			return LINE_BAD;
	}
	return LINE_READ;
}

enum line_result
line_next(struct line_reader *reader, struct logical_line *line, struct buf *why)
{
	struct view part;

	buf_reset(&line->text);
	do {
		if (!physical_line(reader, &part))
			return LINE_END;
	} while (!counts(view_trim(part)));
	if (char_is(part.data[0], CHAR_SPACE)) {
		why_set(why, "%s, line %d: begins with a blank, but there is no line before it to continue",
		    reader->path, reader->number);
		return LINE_BAD;
	}
	return add_part(reader, line, view_trim(part), why) ? continuation(reader, line, why) : LINE_BAD;
}

#include "util/log/backlog.h"

enum { BYTES_MAX = 256 * 1024 };

bool
backlog_keep(struct backlog *backlog, struct view line)
{
	size_t len = line.len;

	if (backlog->lines.len + sizeof(len) + len > BYTES_MAX)
		return false;
	buf_put(&backlog->lines, &len, sizeof(len));
	buf_putv(&backlog->lines, line);
	return true;
}

bool
backlog_flush(struct backlog *backlog, bool (*send)(struct view line))
{
	const struct buf *lines = &backlog->lines;
	size_t len, done = 0;

	if (lines->len == 0)
		return true;
	while (done < lines->len) {
		memcpy(&len, lines->data + done, sizeof(len));
		if (!send(view_bytes(lines->data + done + sizeof(len), len)))
			break;
		done += sizeof(len) + len;
	}
	buf_remove(&backlog->lines, 0, done);
	return lines->len == 0;
}

void
backlog_drop(struct backlog *backlog)
{
	buf_fini(&backlog->lines);
}

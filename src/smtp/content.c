#include "smtp/content.h"

#include "global/queue/queue_reader.h"
#include "util/log/log.h"

struct writer {
	struct stream *to;
	size_t limit;		/* of a line, without CR LF; 0: none */
	size_t column;		/* bytes of this line so far */
};

/* A piece of a line. What would pass the limit goes to a new line that begins with a blank. */
static void
put_text(struct writer *writer, struct view text)
{
	while (text.len > 0) {
		size_t room = writer->limit > 0 ? writer->limit - writer->column : text.len;

		if (room == 0) {
			stream_puts(writer->to, "\r\n ");
			writer->column = 1;
			continue;
		}
		if (writer->column == 0 && text.data[0] == '.')
			stream_puts(writer->to, ".");
		stream_put(writer->to, view_slice(text, 0, room));
		writer->column += text.len < room ? text.len : room;
		text = view_slice(text, room, text.len);
	}
}

static void
put_line_end(struct writer *writer)
{
	stream_puts(writer->to, "\r\n");
	writer->column = 0;
}

enum content_result
content_send(struct stream *to, int fd, off_t data_offset, size_t line_limit, enum stream_result *result)
{
	struct writer writer = { to, line_limit, 0 };
	struct queue_reader *reader = queue_reader_new(fd);
	struct buf why = BUF_INIT;
	struct record record;
	bool complete = false;

	queue_reader_seek(reader, data_offset);
	*result = STREAM_OK;
	while (!complete && queue_reader_next(reader, &record, NULL, &why) == QUEUE_READ_RECORD) {
		if (record.type == RECORD_LINE || record.type == RECORD_LONG)
			put_text(&writer, record.data);
		if (record.type == RECORD_LINE)
			put_line_end(&writer);
		complete = record.type == RECORD_EXTRACTED;
	}
	if (writer.column > 0)
		put_line_end(&writer);
	queue_reader_free(reader);
	if (!complete)
		log_warn("queue file content: %s", why.len > 0 ? buf_c(&why) : "ends too early");
	buf_fini(&why);
	if (!complete)
		return CONTENT_CORRUPT;
	stream_puts(to, ".\r\n");		/* with the last text in one packet */
	*result = stream_flush(to);
	return *result == STREAM_OK ? CONTENT_SENT : CONTENT_LOST;
}

#include "smtp/content.h"

#include "global/message/mime.h"
#include "smtp/checks.h"
#include "smtp/generic.h"
#include "util/log/log.h"

struct writer {
	struct stream *to;
	size_t limit;		/* of a line, without CR LF; 0: none */
	size_t column;		/* bytes of this line so far */
};

/* The way of content that is edited: records → MIME → handlers → lines. */
struct edit {
	struct writer *writer;
	const struct client *client;
	struct view queue_id;
	bool failed;
};

/* -- lines -------------------------------------------------------------------------------------------------------------- */

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

/* Lines divided by LF. */
static void
put_lines(struct writer *writer, struct view lines)
{
	struct view line;

	while (view_split(lines, '\n', &line, &lines)) {
		put_text(writer, line);
		put_line_end(writer);
	}
	put_text(writer, lines);
	put_line_end(writer);
}

/* -- editing ------------------------------------------------------------------------------------------------------------ */

static bool
passes(struct edit *edit, enum check_kind kind, struct view text)
{
	struct buf extra = BUF_INIT;
	enum check_result result = checks_apply(edit->client, kind, edit->queue_id, text, &extra);

	if (extra.len > 0)
		put_lines(edit->writer, buf_view(&extra));
	edit->failed = edit->failed || result == CHECK_FAILED;
	buf_fini(&extra);
	return result == CHECK_KEEP;
}

static enum check_kind
kind_of(enum mime_section section, const struct header_name *name)
{
	if (section == MIME_NESTED)
		return CHECK_NESTED_HEADER;
	return section == MIME_PART || (name->flags & HEADER_IS_MIME) ? CHECK_MIME_HEADER : CHECK_HEADER;
}

static void
edit_header(void *arg, enum mime_section section, const struct header_name *name, struct view text)
{
	struct edit *edit = arg;
	struct buf mapped = BUF_INIT;

	if (!passes(edit, kind_of(section, name), text))
		return;
	if (section == MIME_PRIMARY && edit->client->generic != NULL && (name->flags & HEADER_IS_ADDRESS) &&
	    generic_map_header(edit->client, text, &mapped, &edit->failed))
		text = buf_view(&mapped);
	put_lines(edit->writer, text);
	buf_fini(&mapped);
}

static void
edit_end_of_header(void *arg, enum mime_section section, bool empty_line)
{
	struct edit *edit = arg;

	if (empty_line)
		put_line_end(edit->writer);
}

/* Long lines are checked in pieces, as they stand in the queue file. */
static void
edit_body(void *arg, struct view piece, bool complete)
{
	struct edit *edit = arg;
	bool keep = edit->client->checks[CHECK_BODY] == NULL || passes(edit, CHECK_BODY, piece);

	if (keep)
		put_text(edit->writer, piece);
	if (complete && (keep || edit->writer->column > 0))
		put_line_end(edit->writer);
}

static const struct mime_handler edit_handler = {
	.header = edit_header,
	.end_of_header = edit_end_of_header,
	.body = edit_body,
};

static bool
needs_editing(const struct client *client, bool to_7bit)
{
	for (size_t i = 0; i < CHECK_KINDS; i++)
		if (client->checks[i] != NULL)
			return true;
	return to_7bit || client->generic != NULL;
}

/* -- the queue file ----------------------------------------------------------------------------------------------------- */

static void
plain_line(struct writer *writer, struct view piece, bool complete)
{
	put_text(writer, piece);
	if (complete)
		put_line_end(writer);
}

/* mime NULL: nothing is edited. */
static enum content_result
copy(const struct delivery_request *request, struct writer *writer, struct mime *mime)
{
	struct queue_reader *reader = queue_reader_new(request->fd);
	struct buf why = BUF_INIT;
	enum queue_read result = QUEUE_READ_RECORD;
	struct record record = { .type = 0 };

	queue_reader_seek(reader, request->data_offset);
	while (record.type != RECORD_EXTRACTED &&
	    (result = queue_reader_next(reader, &record, NULL, &why)) == QUEUE_READ_RECORD) {
		bool complete = record.type == RECORD_LINE;

		if (!complete && record.type != RECORD_LONG)
			continue;
		if (mime != NULL)
			mime_line(mime, record.data, complete);
		else
			plain_line(writer, record.data, complete);
	}
	queue_reader_free(reader);
	if (record.type != RECORD_EXTRACTED)
		log_warn("%.*s: queue file content: %s", VIEW_ARG(request->queue_id), why.len > 0 ? buf_c(&why) : "ends too early");
	buf_fini(&why);
	if (result == QUEUE_READ_ERROR)
		return CONTENT_UNREADABLE;
	return record.type == RECORD_EXTRACTED ? CONTENT_SENT : CONTENT_CORRUPT;
}

static enum content_result
copy_edited(const struct delivery_request *request, struct edit *edit, bool to_7bit)
{
	const struct smtp_config *config = edit->client->config;
	struct mime_policy policy = {
		.header_max = (size_t)config->header_size_max, .boundary_max = (size_t)config->boundary_max,
		.nesting_max = (size_t)config->nesting_max, .flags = MIME_STRUCTURE | (to_7bit ? MIME_TO_7BIT : 0),
	};
	struct mime *mime = mime_new(&policy, &edit_handler, edit);
	enum content_result result = copy(request, edit->writer, mime);

	mime_end(mime);
	mime_free(mime);
	return result;
}

enum content_result
content_send(struct stream *to, const struct client *client, const struct delivery_request *request, bool to_7bit)
{
	struct writer writer = { to, (size_t)client->config->line_length_limit, 0 };
	struct edit edit = { .writer = &writer, .client = client, .queue_id = request->queue_id };
	enum content_result result;

	result = needs_editing(client, to_7bit) ? copy_edited(request, &edit, to_7bit) : copy(request, &writer, NULL);
	if (result != CONTENT_SENT)
		return result;
	if (edit.failed)
		return CONTENT_FAILED;
	if (writer.column > 0)
		put_line_end(&writer);
	return CONTENT_SENT;
}

#include "global/delivery/copy.h"

#include <errno.h>
#include <time.h>

#include "global/address/address.h"
#include "util/file/file.h"

enum { BLOCK = 65536, HEADER_MAX = 102400 };

struct copier {
	struct buf block;
	copy_sink *sink;
	void *arg;
	unsigned flags;
	const char *line_end;
	size_t column;		/* bytes of the present line so far: it comes in pieces, and the first ones may be short */
	bool failed;
	struct buf *why;
};

static void
flush(struct copier *copier)
{
	if (!copier->failed && !copier->sink(copier->arg, buf_view(&copier->block), copier->why))
		copier->failed = true;
	buf_reset(&copier->block);
}

static const struct view from_word = VIEW_INIT("From ");

static void
put_text(struct copier *copier, struct view text)
{
	size_t line = copier->block.len - copier->column;
	bool begins = copier->column < from_word.len;

	if (copier->column == 0 && (copier->flags & COPY_DOT_STUFF) && view_starts(text, VIEW("."))) {
		buf_putc(&copier->block, '.');
		line++;
	}
	buf_putv(&copier->block, text);
	if (begins && (copier->flags & COPY_QUOTE_FROM) &&
	    view_starts(view_slice(buf_view(&copier->block), line, copier->block.len), from_word))
		buf_insert(&copier->block, line, VIEW(">"));
	copier->column += text.len;
	if (copier->block.len >= BLOCK && copier->column >= from_word.len)
		flush(copier);
}

static void
put_line_end(struct copier *copier)
{
	buf_puts(&copier->block, copier->line_end);
	copier->column = 0;
	if (copier->block.len >= BLOCK)
		flush(copier);
}

/* "Sat Nov  1 09:05:00 2025", as asctime(3) has it, without its locale */
static void
put_mbox_date(struct buf *out, time_t when)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	if (localtime_r(&when, &tm) != NULL)
		buf_printf(out, "%s %s %2d %02d:%02d:%02d %d", days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday, tm.tm_hour,
		    tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
}

static void
put_header(struct copier *copier, const char *name, struct view address, const char *open, const char *close)
{
	buf_printf(&copier->block, "%s: %s", name, open);
	address_quote(&copier->block, address);
	buf_puts(&copier->block, close);
	put_line_end(copier);
}

static void
put_from_line(struct copier *copier, const struct delivery_request *request, struct view sender)
{
	buf_puts(&copier->block, "From ");
	if (view_empty(sender))
		buf_puts(&copier->block, "MAILER-DAEMON");
	else
		address_quote(&copier->block, sender);
	buf_puts(&copier->block, "  ");
	put_mbox_date(&copier->block, request->times.arrival.tv_sec);
	put_line_end(copier);
}

static void
put_envelope(struct copier *copier, const struct delivery_request *request, const struct copy_envelope *envelope)
{
	if (envelope->flags & COPY_FROM_LINE)
		put_from_line(copier, request, envelope->sender);
	if (envelope->flags & COPY_RETURN_PATH)
		put_header(copier, "Return-Path", envelope->sender, "<", ">");
	if ((envelope->flags & COPY_ORIGINAL_TO) && !view_empty(envelope->original))
		put_header(copier, "X-Original-To", envelope->original, "", "");
	if (envelope->flags & COPY_DELIVERED_TO)
		put_header(copier, "Delivered-To", envelope->delivered_to, "", "");
}

static bool
put_content(struct copier *copier, const struct delivery_request *request)
{
	struct queue_reader *reader = queue_reader_new(request->fd);
	enum queue_read result = QUEUE_READ_RECORD;
	struct record record;
	bool complete = false;

	queue_reader_seek(reader, request->data_offset);
	copier->column = 0;
	while (!complete && !copier->failed &&
	    (result = queue_reader_next(reader, &record, NULL, copier->why)) == QUEUE_READ_RECORD) {
		if (record.type == RECORD_LINE || record.type == RECORD_LONG)
			put_text(copier, record.data);
		if (record.type == RECORD_LINE)
			put_line_end(copier);
		complete = record.type == RECORD_EXTRACTED;
	}
	if (!complete && !copier->failed)
		errno = result == QUEUE_READ_ERROR ? EIO : EILSEQ;	/* a disk that cannot be read says nothing of the file */
	queue_reader_free(reader);
	return complete;
}

bool
message_copy_to(const struct delivery_request *request, const struct copy_envelope *envelope, copy_sink *sink, void *arg,
    struct buf *why)
{
	struct copier copier = { .sink = sink, .arg = arg, .flags = envelope->flags, .why = why,
		.line_end = envelope->line_end != NULL ? envelope->line_end : "\n" };
	bool complete;

	put_envelope(&copier, request, envelope);
	complete = put_content(&copier, request);
	if (complete && copier.column > 0)
		put_line_end(&copier);
	if (complete && (envelope->flags & COPY_BLANK_LINE))
		put_line_end(&copier);
	flush(&copier);
	buf_fini(&copier.block);
	return complete && !copier.failed;
}

static bool
write_block(void *arg, struct view block, struct buf *why)
{
	return file_write_all(*(const int *)arg, block, why);
}

bool
message_copy(const struct delivery_request *request, const struct copy_envelope *envelope, int out, struct buf *why)
{
	return message_copy_to(request, envelope, write_block, &out, why);
}

static bool
header_names(struct view line, struct view address)
{
	static const char name[] = "delivered-to:";
	struct buf internal = BUF_INIT;
	bool same;

	if (!view_starts_nocase(line, view_string(name)))
		return false;
	line = view_trim(view_slice(line, sizeof(name) - 1, line.len));
	if (!address_unquote(&internal, line))
		buf_set(&internal, line);
	same = view_equal_nocase(buf_view(&internal), address);
	buf_fini(&internal);
	return same;
}

bool
message_was_delivered_to(const struct delivery_request *request, struct view address)
{
	struct queue_reader *reader = queue_reader_new(request->fd);
	struct buf line = BUF_INIT;
	struct record record;
	bool found = false;

	queue_reader_seek(reader, request->data_offset);
	while (!found && queue_reader_next(reader, &record, NULL, NULL) == QUEUE_READ_RECORD &&
	    (record.type == RECORD_LINE || record.type == RECORD_LONG)) {
		if (line.len < HEADER_MAX)
			buf_putv(&line, record.data);
		if (record.type == RECORD_LONG)
			continue;
		if (line.len == 0)
			break;		/* end of the header */
		found = header_names(buf_view(&line), address);
		buf_reset(&line);
	}
	queue_reader_free(reader);
	buf_fini(&line);
	return found;
}

#include "postqueue/show.h"

#include <time.h>
#include <unistd.h>

#include "util/file/file.h"
#include "util/log/log.h"
#include "util/text/encode.h"

enum { FLUSH_AT = 32 * 1024, REASON_WIDTH = 76 };

static void
flush(struct show *show)
{
	if (!file_write_all(STDOUT_FILENO, buf_view(&show->out), NULL))
		log_fatal("output write error: %m");
	buf_reset(&show->out);
}

/* The two layouts; scripts cut them by columns. An id of the other kind just takes more room. */
static const struct layout {
	const char *heading;
	int id_width;			/* the mark included; the size follows at once */
	const char *before_sender;
	int recipient_column;
} short_layout = {
	"-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n", 11, "  ", 41,
}, long_layout = {
	"----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------\n", 18, " ", 47,
};

/* -- text ---------------------------------------------------------------------------------------------------------- */

static void
put_clean(struct buf *out, struct view text)
{
	printable_put(out, text, '?', true);
}

/* active, held, and to be returned at the next chance */
static const char *
mark(const struct listing_message *message)
{
	if (message->forced_expire)
		return "#";
	if (view_is(message->queue_name, QUEUE_ACTIVE))
		return "*";
	return view_is(message->queue_name, QUEUE_HOLD) ? "!" : "";
}

/* "Sat Nov 21 15:18:00", in local time and without locale */
static void
put_time(struct buf *out, long long when)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)when;
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL)
		tm = (struct tm){ .tm_mday = 1 };
	buf_printf(out, "%.3s %.3s %2d %02d:%02d:%02d", days + 3 * tm.tm_wday, months + 3 * tm.tm_mon, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
put_reason(struct buf *out, struct view reason)
{
	size_t pad = reason.len < REASON_WIDTH ? REASON_WIDTH - reason.len : 0;

	buf_putn(out, ' ', pad);
	buf_putc(out, '(');
	put_clean(out, reason);
	buf_puts(out, ")\n");
}

static void
put_recipients(struct buf *out, const struct layout *layout, const struct listing_message *message)
{
	struct view last = VIEW_EMPTY;

	for (size_t i = 0; i < message->recipient_count; i++) {
		const struct listing_recipient *recipient = &message->recipients[i];
		struct view reason = view_empty(recipient->bounce_reason) ? recipient->delay_reason : recipient->bounce_reason;

		if (!view_empty(reason) && !view_equal(reason, last))
			put_reason(out, reason);
		last = reason;
		buf_putn(out, ' ', (size_t)layout->recipient_column);
		put_clean(out, recipient->address);
		buf_putc(out, '\n');
	}
}

static void
show_text(struct show *show, const struct listing_message *message)
{
	const struct layout *layout = show->long_ids ? &long_layout : &short_layout;
	struct buf id = BUF_INIT;

	if (show->messages == 0)
		buf_puts(&show->out, layout->heading);
	put_clean(&id, message->queue_id);
	buf_puts(&id, mark(message));
	buf_printf(&show->out, "%-*s%8lld ", layout->id_width, buf_c(&id), message->size);
	put_time(&show->out, message->arrival_time);
	buf_puts(&show->out, layout->before_sender);
	put_clean(&show->out, message->sender);
	buf_putc(&show->out, '\n');
	put_recipients(&show->out, layout, message);
	buf_putc(&show->out, '\n');
	buf_fini(&id);
}

/* -- JSON (RFC 8259) ----------------------------------------------------------------------------------------------- */

static void
json_string(struct buf *out, struct view text)
{
	struct buf clean = BUF_INIT;

	printable_put(&clean, text, '?', true);		/* neither control characters nor bad UTF-8 are left */
	buf_putc(out, '"');
	for (size_t i = 0; i < clean.len; i++) {
		if (clean.data[i] == '"' || clean.data[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, clean.data[i]);
	}
	buf_putc(out, '"');
	buf_fini(&clean);
}

static void
json_member(struct buf *out, const char *name, struct view value)
{
	if (out->data[out->len - 1] != '{')
		buf_puts(out, ", ");
	buf_printf(out, "\"%s\": ", name);
	json_string(out, value);
}

static void
json_recipient(struct buf *out, const struct listing_recipient *recipient)
{
	buf_putc(out, '{');
	json_member(out, "address", recipient->address);
	if (!view_empty(recipient->original))
		json_member(out, "orig_address", recipient->original);
	if (!view_empty(recipient->delay_reason))
		json_member(out, "delay_reason", recipient->delay_reason);
	if (!view_empty(recipient->bounce_reason))
		json_member(out, "bounce_reason", recipient->bounce_reason);
	buf_putc(out, '}');
}

static void
show_json(struct show *show, const struct listing_message *message)
{
	struct buf *out = &show->out;

	buf_putc(out, '{');
	json_member(out, "queue_name", message->queue_name);
	json_member(out, "queue_id", message->queue_id);
	buf_printf(out, ", \"arrival_time\": %lld, \"message_size\": %lld, \"forced_expire\": %s", message->arrival_time,
	    message->size, message->forced_expire ? "true" : "false");
	json_member(out, "sender", message->sender);
	buf_puts(out, ", \"recipients\": [");
	for (size_t i = 0; i < message->recipient_count; i++) {
		if (i > 0)
			buf_puts(out, ", ");
		json_recipient(out, &message->recipients[i]);
	}
	buf_puts(out, "]}\n");
}

/* -- both ---------------------------------------------------------------------------------------------------------- */

void
show_message(struct show *show, const struct listing_message *message)
{
	if (show->style == SHOW_TEXT)
		show_text(show, message);
	else
		show_json(show, message);
	show->messages++;
	show->bytes += (unsigned long long)message->size;
	if (show->out.len >= FLUSH_AT)
		flush(show);
}

void
show_end(struct show *show)
{
	if (show->style == SHOW_TEXT && show->messages == 0)
		buf_puts(&show->out, "Mail queue is empty\n");
	else if (show->style == SHOW_TEXT)
		buf_printf(&show->out, "-- %llu Kbytes in %zu Request%s.\n", show->bytes / 1024, show->messages,
		    show->messages == 1 ? "" : "s");
	flush(show);
	buf_fini(&show->out);
}

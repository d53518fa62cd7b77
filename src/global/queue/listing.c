#include "global/queue/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "global/address/address.h"
#include "global/queue/bounce_log.h"
#include "global/queue/envelope.h"
#include "global/queue/queue_scan.h"
#include "util/base/hash.h"
#include "util/log/log.h"

enum { RECIPIENTS_AT_ONCE = 10000 };

struct walk {
	const struct queue_layout *layout;
	const char *empty_address;
	listing_each *each;
	void *arg;
	bool go_on;
	const char *queue;
	struct view id;
	struct buf record;
	struct arena arena;		/* of one message */
	struct hash *tried;		/* recipients in the defer log */
};

/* -- making records ------------------------------------------------------------------------------------------------ */

static void
put(struct walk *walk, const char *name, struct view value)
{
	buf_put(&walk->record, name, strlen(name) + 1);
	for (size_t i = 0; i < value.len; i++)
		buf_putc(&walk->record, value.data[i] != '\0' ? value.data[i] : '?');
	buf_putc(&walk->record, '\0');
}

static void
put_number(struct walk *walk, const char *name, long long number)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%lld", number);
	put(walk, name, buf_view(&text));
	buf_fini(&text);
}

static void
put_address(struct walk *walk, const char *name, struct view internal)
{
	struct buf text = BUF_INIT;

	if (view_empty(internal))
		buf_puts(&text, walk->empty_address);
	else
		address_quote(&text, internal);
	put(walk, name, buf_view(&text));
	buf_fini(&text);
}

static void
put_recipient(struct walk *walk, struct view address, struct view original, const char *reason_name, struct view reason)
{
	if (!view_empty(original) && !view_equal_nocase(original, address))
		put_address(walk, "orig_address", original);
	put_address(walk, "recipient", address);
	if (!view_empty(reason))
		put(walk, reason_name, reason);
}

/* -- one message --------------------------------------------------------------------------------------------------- */

/* Who was tried comes first, as the log has it: it knows those, too, that a redirect put in the place of others. */
static void
put_deferred(struct walk *walk)
{
	struct bounce_log *log = bounce_log_open(walk->layout, QUEUE_DEFER, walk->id, NULL);
	struct bounce_log_entry entry;

	while (log != NULL && bounce_log_next(log, &entry))
		if (hash_put(walk->tried, entry.recipient, walk) == NULL)
			put_recipient(walk, entry.recipient, entry.original, "reason", entry.reason);
	bounce_log_close(log);
}

static void
put_recipients(struct walk *walk, const struct queue_recipient *recipients, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (hash_get(walk->tried, recipients[i].address) == NULL)
			put_recipient(walk, recipients[i].address, recipients[i].original, "reason", VIEW_EMPTY);
}

static void
put_bounced(struct walk *walk)
{
	struct bounce_log *log = bounce_log_open(walk->layout, QUEUE_BOUNCE, walk->id, NULL);
	struct bounce_log_entry entry;

	while (log != NULL && bounce_log_next(log, &entry))
		put_recipient(walk, entry.recipient, entry.original, "bounce_reason", entry.reason);
	bounce_log_close(log);
}

static void
put_message(struct walk *walk, const struct queue_envelope *envelope, const struct stat *st)
{
	put(walk, "queue_name", view_string(walk->queue));
	put(walk, "queue_id", walk->id);
	put_number(walk, "time", (long long)envelope->arrival.tv_sec);
	put_number(walk, "size", envelope->size.content_size > 0 ? envelope->size.content_size : (long long)st->st_size);
	put_number(walk, "forced_expire", (st->st_mode & S_IXGRP) != 0);
	put_address(walk, "sender", envelope->sender);
}

static bool
read_message(struct walk *walk, int fd, const struct stat *st, struct buf *why)
{
	struct queue_envelope envelope;
	struct queue_recipient *recipients;
	enum queue_read result;
	size_t count;
	off_t resume = 0;
	bool first = true;

	do {
		result = queue_envelope_read(fd, &walk->arena, &envelope, &recipients, &count, RECIPIENTS_AT_ONCE, &resume,
		    NULL, why);
		if (result != QUEUE_READ_RECORD && result != QUEUE_READ_END)
			return false;
		if (first) {
			put_message(walk, &envelope, st);
			put_deferred(walk);
		}
		first = false;
		put_recipients(walk, recipients, count);
	} while (resume != 0);
	put_bounced(walk);
	return true;
}

static void
list_file(struct walk *walk, int fd, const struct stat *st)
{
	struct buf why = BUF_INIT;

	arena_reset(&walk->arena);
	buf_reset(&walk->record);
	walk->tried = hash_new();
	if (read_message(walk, fd, st, &why)) {
		buf_putc(&walk->record, '\0');
		walk->go_on = walk->each(walk->arg, buf_view(&walk->record));
	} else {
		log_warn("%s %.*s: skipped: %s", walk->queue, VIEW_ARG(walk->id), buf_c(&why));
	}
	hash_free(walk->tried, NULL);
	buf_fini(&why);
}

/* -- all of them --------------------------------------------------------------------------------------------------- */

static void
visit(struct walk *walk, struct view id, const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == -1 || !queue_file_complete(&st))
		return;
	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) == -1) {
		if (errno != ENOENT)
			log_warn("open %s: %m", path);
		return;
	}
	walk->id = id;
	if (fstat(fd, &st) == 0 && queue_file_complete(&st))
		list_file(walk, fd, &st);
	close(fd);
}

static void
walk_queue(struct walk *walk)
{
	struct queue_scan *scan = queue_scan_open(walk->queue);
	struct view id, path;

	while (walk->go_on && queue_scan_next(scan, &id, &path))
		visit(walk, id, path.data);
	queue_scan_close(scan);
}

void
listing_walk(const struct queue_layout *layout, const char *empty_address, listing_each *each, void *arg)
{
	static const char *const queues[] = { QUEUE_MAILDROP, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED, QUEUE_HOLD };
	struct walk walk = { .layout = layout, .empty_address = empty_address, .each = each, .arg = arg, .go_on = true };

	for (size_t i = 0; i < ARRAY_COUNT(queues); i++) {
		walk.queue = queues[i];
		walk_queue(&walk);
	}
	buf_fini(&walk.record);
	arena_fini(&walk.arena);
}

/* -- taking records apart ------------------------------------------------------------------------------------------ */

struct parse {
	struct listing_message *message;
	struct arena *arena;
	size_t capacity;
	struct view original;		/* of the next recipient */
};

static struct listing_recipient *
add_recipient(struct parse *parse)
{
	struct listing_message *message = parse->message;

	if (message->recipient_count == parse->capacity) {
		struct listing_recipient *room;

		parse->capacity = parse->capacity > 0 ? 2 * parse->capacity : 8;
		room = arena_alloc_array(parse->arena, parse->capacity, sizeof(*room));
		if (message->recipient_count > 0)
			memcpy(room, message->recipients, message->recipient_count * sizeof(*room));
		message->recipients = room;
	}
	return &message->recipients[message->recipient_count++];
}

static bool
set_number(long long *member, struct view value)
{
	unsigned long long number;

	if (!view_number(value, &number) || number > INT64_MAX)
		return false;
	*member = (long long)number;
	return true;
}

static bool
set_reason(struct parse *parse, struct view value, bool bounced)
{
	struct listing_recipient *last;

	if (parse->message->recipient_count == 0)
		return false;
	last = &parse->message->recipients[parse->message->recipient_count - 1];
	*(bounced ? &last->bounce_reason : &last->delay_reason) = value;
	return true;
}

static bool
set_attribute(struct parse *parse, struct view name, struct view value)
{
	struct listing_message *message = parse->message;

	if (view_is(name, "queue_name"))
		message->queue_name = value;
	else if (view_is(name, "queue_id"))
		message->queue_id = value;
	else if (view_is(name, "time"))
		return set_number(&message->arrival_time, value);
	else if (view_is(name, "size"))
		return set_number(&message->size, value);
	else if (view_is(name, "forced_expire"))
		message->forced_expire = view_is(value, "1");
	else if (view_is(name, "sender"))
		message->sender = value;
	else if (view_is(name, "orig_address"))
		parse->original = value;
	else if (view_is(name, "recipient")) {
		*add_recipient(parse) = (struct listing_recipient){ .address = value, .original = parse->original };
		parse->original = VIEW_EMPTY;
	} else if (view_is(name, "reason") || view_is(name, "bounce_reason"))
		return set_reason(parse, value, name.data[0] == 'b');
	return true;		/* a name we do not know: of a later version */
}

bool
listing_parse(struct view record, struct arena *arena, struct listing_message *out)
{
	struct parse parse = { .message = out, .arena = arena };
	struct cursor in = cursor_of(record);
	struct view name, value;

	*out = (struct listing_message){ 0 };
	while (!cursor_done(&in) && !cursor_byte(&in, '\0'))
		if (!cursor_until(&in, '\0', &name) || !cursor_until(&in, '\0', &value) || !set_attribute(&parse, name, value))
			return false;
	return !view_empty(out->queue_name) && !view_empty(out->queue_id);
}

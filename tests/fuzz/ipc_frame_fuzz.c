/*
 * What a peer may send: frames by the cursor, their attributes by a table of every kind of field, and the same bytes
 * through a channel. What was decoded is encoded and decoded again, and must not have changed.
 */
#include <assert.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/ipc/channel.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct message {
	struct view name, data;
	uint64_t size;
	int64_t offset;
	int count;
	bool urgent;
};

static const struct field fields[] = {
	FIELD(struct message, name, 1, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct message, data, 2, FIELD_BYTES, 0),
	FIELD(struct message, size, 3, FIELD_U64, 0),
	FIELD(struct message, offset, 4, FIELD_I64, 0),
	FIELD(struct message, count, 5, FIELD_INT, FIELD_REQUIRED),
	FIELD(struct message, urgent, 6, FIELD_BOOL, 0),
	FIELD_END
};

static const struct ipc_protocol protocol = { "fuzz", 1 };

static void
check_round_trip(const struct message *message)
{
	struct buf out = BUF_INIT;
	struct message again;
	struct cursor in;
	struct frame frame;

	frame_put(&out, 16, 0, fields, message);
	in = cursor_of(buf_view(&out));
	assert(frame_parse(&in, &frame) == 1 && cursor_done(&in));
	assert(frame_get(&frame, fields, &again, sizeof(again), NULL));
	assert(view_equal(message->name, again.name) && view_equal(message->data, again.data));
	assert(message->size == again.size && message->offset == again.offset);
	assert(message->count == again.count && message->urgent == again.urgent);
	buf_fini(&out);
}

static void
decode(const struct frame *frame)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct message message;

	if (frame_get(frame, fields, &message, sizeof(message), &why))
		check_round_trip(&message);
	else
		assert(why.len > 0);
	frame_print(&text, frame, fields);
	buf_fini(&text);
	buf_fini(&why);
}

static void
read_channel(const uint8_t *data, size_t size)
{
	struct channel *channel;
	struct frame frame;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return;
	channel = channel_new(fds[0], &protocol);
	if (send(fds[1], data, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size) {
		close(fds[1]);
		while (channel_read(channel, &frame, 0) == CHANNEL_OK)
			decode(&frame);
	} else {
		close(fds[1]);
	}
	channel_free(channel);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(view_bytes(data, size));
	struct frame frame = { 16, 0, view_bytes(data, size) };

	decode(&frame);
	while (frame_parse(&in, &frame) == 1)
		decode(&frame);
	read_channel(data, size);
	return 0;
}

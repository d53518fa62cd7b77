#include "util/net/stream.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "util/file/file.h"

enum { READ_BLOCK = 16384, WRITE_BLOCK = 16384 };

struct stream {
	int in, out;
	struct buf input;		/* read; what stands before `taken` was taken */
	size_t taken;
	struct buf output;		/* to be written; what stands before `sent` left already */
	size_t sent;
	bool asked;			/* nothing was read since we last wrote */
	msec_t timeout_ms, deadline;
	unsigned min_rate;
	msec_t rate_most_ms;
	const struct stream_transport *transport;
	void *transport_arg;
	enum stream_result broken;	/* a write failed: every later call says so */
};

static struct stream *
create(int in, int out)
{
	struct stream *stream = mem_new(sizeof(*stream));

	stream->in = in;
	stream->out = out;
	stream->deadline = CLOCK_NEVER;
	return stream;
}

struct stream *
stream_new_pair(int in, int out)
{
	fd_set_nonblocking(in, true);
	if (out != in)
		fd_set_nonblocking(out, true);
	return create(in, out);
}

struct stream *
stream_new_socket(int fd)
{
	return create(fd, fd);
}

struct stream *
stream_new(int fd)
{
	return stream_new_pair(fd, fd);
}

static void
discard(struct stream *stream)
{
	buf_fini(&stream->input);
	buf_fini(&stream->output);
	mem_free(stream);
}

void
stream_free(struct stream *stream)
{
	if (stream == NULL)
		return;
	if (stream->transport != NULL)
		stream->transport->close(stream->transport_arg);
	close(stream->in);
	if (stream->out != stream->in)
		close(stream->out);
	discard(stream);
}

int
stream_detach(struct stream *stream)
{
	int fd = stream->in;

	assert(stream->transport == NULL);
	discard(stream);
	return fd;
}

int
stream_fd(const struct stream *stream)
{
	return stream->in;
}

void
stream_set_timeout(struct stream *stream, msec_t per_wait_ms)
{
	stream->timeout_ms = per_wait_ms;
}

void
stream_set_deadline(struct stream *stream, msec_t deadline)
{
	stream->deadline = deadline;
}

void
stream_set_min_rate(struct stream *stream, unsigned bytes_per_sec, msec_t most_ms)
{
	stream->min_rate = bytes_per_sec;
	stream->rate_most_ms = most_ms;
}

void
stream_set_transport(struct stream *stream, const struct stream_transport *transport, void *arg)
{
	stream->transport = transport;
	stream->transport_arg = arg;
}

/* Bytes moved buy time when there is a minimum rate. */
static void
moved(struct stream *stream, size_t n)
{
	msec_t most;

	if (stream->min_rate == 0 || stream->deadline == CLOCK_NEVER)
		return;
	most = clock_deadline(stream->rate_most_ms);
	stream->deadline += (msec_t)n * 1000 / stream->min_rate;
	if (stream->deadline > most)
		stream->deadline = most;
}

static enum stream_result
wait_for(struct stream *stream, int fd, short events)
{
	msec_t deadline = clock_deadline(stream->timeout_ms);

	if (stream->deadline < deadline)
		deadline = stream->deadline;
	if (fd_wait(fd, events, deadline))
		return STREAM_OK;
	return errno == ETIMEDOUT ? STREAM_TIMEOUT : STREAM_ERROR;
}

static enum stream_result
write_some(struct stream *stream)
{
	struct view rest = view_slice(buf_view(&stream->output), stream->sent, stream->output.len);
	short events = POLLOUT;
	ssize_t n;

	if (stream->transport != NULL)
		n = stream->transport->write(stream->transport_arg, rest.data, rest.len, &events);
	else
		n = write(stream->out, rest.data, rest.len);
	if (n >= 0) {
		stream->sent += (size_t)n;
		stream->asked = true;
		moved(stream, (size_t)n);
		return STREAM_OK;
	}
	if (errno == EINTR)
		return STREAM_OK;
	if (errno != EAGAIN)
		return STREAM_ERROR;
	return wait_for(stream, stream->out, events);
}

enum stream_result
stream_flush(struct stream *stream)
{
	while (stream->broken == STREAM_OK && stream->sent < stream->output.len)
		stream->broken = write_some(stream);
	buf_reset(&stream->output);
	stream->sent = 0;
	return stream->broken;
}

size_t
stream_unsent(const struct stream *stream)
{
	return stream->output.len - stream->sent;
}

void
stream_put(struct stream *stream, struct view v)
{
	if (stream->broken != STREAM_OK)
		return;
	buf_putv(&stream->output, v);
	if (stream->output.len >= WRITE_BLOCK)
		stream_flush(stream);
}

void
stream_puts(struct stream *stream, const char *s)
{
	stream_put(stream, view_string(s));
}

void
stream_printf(struct stream *stream, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&stream->output, format, ap);
	va_end(ap);
	if (stream->output.len >= WRITE_BLOCK)
		stream_flush(stream);
}

struct view
stream_pending(const struct stream *stream)
{
	return view_slice(buf_view(&stream->input), stream->taken, stream->input.len);
}

void
stream_take(struct stream *stream, size_t n)
{
	assert(n <= stream->input.len - stream->taken);
	stream->taken += n;
	if (stream->taken == stream->input.len) {
		buf_reset(&stream->input);
		stream->taken = 0;
	}
}

void
stream_drop_pending(struct stream *stream)
{
	buf_reset(&stream->input);
	stream->taken = 0;
}

/* One read that does not wait: STREAM_OK with more pending, or *again set to what to wait for. */
static enum stream_result
read_once(struct stream *stream, short *again)
{
	char *to;
	ssize_t n;

	*again = 0;
	if (stream->taken > 0) {
		buf_remove(&stream->input, 0, stream->taken);
		stream->taken = 0;
	}
	to = buf_reserve(&stream->input, READ_BLOCK);
	if (stream->transport != NULL) {
		short events = POLLIN;

		n = stream->transport->read(stream->transport_arg, to, READ_BLOCK, &events);
		*again = n == -1 && errno == EAGAIN ? events : 0;
	} else {
		n = read(stream->in, to, READ_BLOCK);
		*again = n == -1 && errno == EAGAIN ? POLLIN : 0;
	}
	if (n == -1)
		return *again != 0 || errno == EINTR ? STREAM_OK : STREAM_ERROR;
	buf_added(&stream->input, (size_t)n);
	moved(stream, (size_t)n);
	return n == 0 ? STREAM_EOF : STREAM_OK;
}

/* An answer to what just left is hardly there yet: to wait first saves a read. A transport may hold bytes of its own. */
static enum stream_result
await_answer(struct stream *stream)
{
	if (!stream->asked || stream->transport != NULL || stream_unsent(stream) > 0)
		return STREAM_OK;
	stream->asked = false;
	return wait_for(stream, stream->in, POLLIN);
}

/* Reads more, behind what is pending. First our own bytes leave: nobody answers what he has not seen. */
static enum stream_result
fill_more(struct stream *stream)
{
	size_t before = stream->input.len - stream->taken;
	enum stream_result result;
	short again;

	stream_flush(stream);		/* its failure shows below: what the peer said before it went comes first */
	result = await_answer(stream);
	while (result == STREAM_OK) {
		result = read_once(stream, &again);
		if (result != STREAM_OK || stream->input.len - stream->taken > before)
			return result;
		if (again != 0)
			result = stream->broken != STREAM_OK ? stream->broken : wait_for(stream, stream->in, again);
	}
	return result;
}

enum stream_result
stream_fill(struct stream *stream)
{
	return stream_pending(stream).len > 0 ? STREAM_OK : fill_more(stream);
}

enum stream_result
stream_fill_beyond(struct stream *stream, size_t n)
{
	return stream_pending(stream).len > n ? STREAM_OK : fill_more(stream);
}

enum stream_result
stream_line(struct stream *stream, size_t limit, struct buf *line)
{
	enum stream_result result;
	struct view have;
	size_t seen = 0;
	ptrdiff_t at;

	buf_reset(line);
	for (;;) {
		have = view_slice(stream_pending(stream), 0, limit);
		at = view_find(view_slice(have, seen, have.len), '\n');
		if (at >= 0) {
			buf_putv(line, view_slice(have, 0, seen + (size_t)at));
			stream_take(stream, seen + (size_t)at + 1);
			return STREAM_OK;
		}
		seen = have.len;
		if (seen == limit) {
			buf_putv(line, have);
			stream_take(stream, seen);
			return STREAM_LONG;
		}
		if ((result = fill_more(stream)) != STREAM_OK)
			return result;
	}
}

enum stream_result
stream_some(struct stream *stream, size_t max, struct buf *out)
{
	enum stream_result result = stream_fill(stream);
	struct view have;

	if (result != STREAM_OK)
		return result;
	have = view_slice(stream_pending(stream), 0, max);
	buf_putv(out, have);
	stream_take(stream, have.len);
	return STREAM_OK;
}

enum stream_result
stream_exact(struct stream *stream, void *data, size_t len)
{
	char *to = data;

	while (len > 0) {
		enum stream_result result = stream_fill(stream);
		struct view have;

		if (result != STREAM_OK)
			return result;
		have = view_slice(stream_pending(stream), 0, len);
		memcpy(to, have.data, have.len);
		stream_take(stream, have.len);
		to += have.len;
		len -= have.len;
	}
	return STREAM_OK;
}

bool
stream_readable(struct stream *stream)
{
	short again;

	if (stream_pending(stream).len > 0)
		return true;
	if (stream->transport == NULL && !fd_wait(stream->in, POLLIN, 0))
		return false;
	return read_once(stream, &again) != STREAM_OK || stream_pending(stream).len > 0;
}

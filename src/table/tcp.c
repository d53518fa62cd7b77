#include "table/remote.h"
#include "table/types.h"

/*
 * tcp: a server that answers lines.
 *
 *	get SP key LF		200 SP value LF		found
 *				400 SP text LF		try again later
 *				500 SP text LF		not there
 *
 * '%', blanks and what is not printable are written %XX in both directions.
 */

enum { LINE_MAX_LENGTH = 4096 };

static const struct remote_limits limits = { 100000, 10000, 100000 };

struct exchange {
	struct view key;
	struct buf *value;
	struct buf line;
	enum lookup result;
};

/* -- %XX -------------------------------------------------------------------------------------------------------------- */

static void
put_encoded(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '%' || c <= ' ' || c >= 127)
			buf_printf(out, "%%%02X", c);
		else
			buf_putc(out, (char)c);
	}
}

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* All or nothing; %00 is refused: a NUL never passes. */
static bool
put_decoded(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		int high, low;

		if (text.data[i] != '%') {
			buf_putc(out, text.data[i]);
			continue;
		}
		if (i + 2 >= text.len || (high = digit(text.data[i + 1])) < 0 || (low = digit(text.data[i + 2])) < 0 ||
		    high + low == 0)
			return false;
		buf_putc(out, (char)(high << 4 | low));
		i += 2;
	}
	return true;
}

/* -- one lookup ------------------------------------------------------------------------------------------------------- */

static enum remote_result
take_answer(struct exchange *exchange, struct view line, struct buf *why)
{
	struct view code, text;

	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	buf_reset(exchange->value);
	if (!view_split(line, ' ', &code, &text) || !put_decoded(exchange->value, text)) {
		why_set(why, "malformed answer \"%.*s\"", VIEW_ARG(line));
		return REMOTE_MALFORMED;
	}
	if (view_is(code, "200"))
		exchange->result = LOOKUP_FOUND;
	else if (view_is(code, "500"))
		exchange->result = LOOKUP_NONE;
	else
		why_set(why, "%s", buf_c(exchange->value));
	return view_is(code, "200") || view_is(code, "500") || view_is(code, "400") ? REMOTE_ANSWERED : REMOTE_MALFORMED;
}

static enum remote_result
get(struct stream *stream, void *arg, struct buf *why)
{
	struct exchange *exchange = arg;
	enum stream_result result;

	buf_reset(&exchange->line);
	put_encoded(&exchange->line, exchange->key);
	stream_printf(stream, "get %s\n", buf_c(&exchange->line));
	switch (result = stream_line(stream, LINE_MAX_LENGTH, &exchange->line)) {
	case STREAM_OK:
		return take_answer(exchange, buf_view(&exchange->line), why);
	case STREAM_LONG:
	case STREAM_TIMEOUT:
		why_set(why, result == STREAM_LONG ? "answer too long" : "no answer in time");
		return REMOTE_MALFORMED;
	default:
		return REMOTE_LOST;
	}
}

static enum lookup
tcp_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct exchange exchange = { .key = key, .value = value, .result = LOOKUP_RETRY };
	struct buf reason = BUF_INIT;

	if (!remote_ask(state, get, &exchange, &reason) || exchange.result == LOOKUP_RETRY)
		why_set(why, "%s", reason.len > 0 ? buf_c(&reason) : buf_c(value));
	buf_fini(&exchange.line);
	buf_fini(&reason);
	return exchange.result;
}

/* Whoever answers on that port could say anything. */
static void *
tcp_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	if ((flags & TABLE_NO_UNAUTHORISED) != 0) {
		why_set(why, "tcp:%s: tables of this type are not allowed for security sensitive data", name);
		return NULL;
	}
	*traits = (struct table_traits){ .kind = TABLE_PATTERN, .remote = true };
	return remote_new(view_string(name), &limits, why);
}

static void
tcp_close(void *state)
{
	remote_free(state);
}

static const struct table_ops ops = { .lookup = tcp_lookup, .close = tcp_close };

const struct table_type table_tcp = {
	.name = "tcp", .ops = &ops, .open = tcp_open, .promises = "net-connect unix-connect dns",
};

#include "util/net/proxy_header.h"

enum { V1_MAX = 107, V2_FIXED = 16, FAMILY_TCP4 = 0x11, FAMILY_TCP6 = 0x21 };	/* V1_MAX without the NUL */

static const struct view signature = VIEW_INIT("\r\n\r\n\0\r\nQUIT\n");

static enum proxy_result
bad(struct buf *why, const char *text)
{
	why_set(why, "%s", text);
	return PROXY_HEADER_BAD;
}

/* -- version 1: PROXY TCP4 source destination source-port destination-port CRLF ------------------------------------- */

static bool
v1_address(struct view word, int family, struct netaddr *out)
{
	return netaddr_parse(word, out) && (out->family == family || (family == AF_INET6 && out->family == AF_INET));
}

static bool
v1_port(struct view word, uint16_t *out)
{
	unsigned long long port;

	if (!view_number(word, &port) || port > UINT16_MAX || (word.data[0] == '0' && word.len > 1))
		return false;
	*out = (uint16_t)port;
	return true;
}

static bool
v1_fields(struct view rest, int family, struct proxy_header *out)
{
	struct view source, target, source_port, target_port;
	uint16_t from, to;

	if (!view_word(&rest, " ", &source) || !view_word(&rest, " ", &target) || !view_word(&rest, " ", &source_port)
	    || !view_word(&rest, " ", &target_port))
		return false;
	if (!v1_address(source, family, &out->client) || !v1_address(target, family, &out->server)
	    || !v1_port(source_port, &from) || !v1_port(target_port, &to))
		return false;
	out->client.port = from;
	out->server.port = to;
	return out->proxied = true;
}

static bool
v1_line(struct view line, struct proxy_header *out)
{
	struct view word;

	view_word(&line, " ", &word);
	if (!view_word(&line, " ", &word))
		return false;
	if (view_is(word, "UNKNOWN"))
		return true;
	if (view_is(word, "TCP4"))
		return v1_fields(line, AF_INET, out);
	return view_is(word, "TCP6") && v1_fields(line, AF_INET6, out);
}

static enum proxy_result
v1(struct cursor *in, struct proxy_header *out, struct buf *why)
{
	struct view have = view_slice(cursor_rest(in), 0, V1_MAX);
	ptrdiff_t end = view_find(have, '\n');

	if (end < 0)
		return have.len < V1_MAX ? PROXY_HEADER_MORE : bad(why, "header without end");
	if (!v1_line(view_trim(view_slice(have, 0, (size_t)end)), out))
		return bad(why, "malformed header");
	in->at += end + 1;
	return PROXY_HEADER_GOOD;
}

/* -- version 2: binary ---------------------------------------------------------------------------------------------- */

static bool
v2_address(struct cursor *in, int family, struct netaddr *out)
{
	struct sockaddr_storage sa;
	struct netaddr raw = { .family = family };
	size_t size = family == AF_INET ? 4 : 16;
	struct view bytes;
	socklen_t len;

	if (!cursor_take(in, size, &bytes))
		return false;
	memcpy(raw.bytes, bytes.data, size);
	len = netaddr_to_sockaddr(&raw, &sa);
	return netaddr_from_sockaddr((struct sockaddr *)&sa, len, out);		/* mapped addresses become IPv4 */
}

static bool
v2_fields(struct view payload, unsigned family_byte, struct proxy_header *out)
{
	struct cursor in = cursor_of(payload);
	int family = family_byte == FAMILY_TCP4 ? AF_INET : AF_INET6;
	uint16_t from, to;

	if (family_byte != FAMILY_TCP4 && family_byte != FAMILY_TCP6)
		return false;
	if (!v2_address(&in, family, &out->client) || !v2_address(&in, family, &out->server) || !cursor_be16(&in, &from)
	    || !cursor_be16(&in, &to))
		return false;
	out->client.port = from;
	out->server.port = to;
	return out->proxied = true;
}

static enum proxy_result
v2(struct cursor *in, struct proxy_header *out, struct buf *why)
{
	enum { VERSION_LOCAL = 0x20, VERSION_PROXY = 0x21 };
	struct cursor at = *in;
	struct view payload;
	uint8_t version, family;
	uint16_t length;

	if (cursor_left(&at) < V2_FIXED)
		return PROXY_HEADER_MORE;
	at.at += signature.len;
	if (!cursor_u8(&at, &version) || !cursor_u8(&at, &family) || !cursor_be16(&at, &length))
		return PROXY_HEADER_MORE;
	if (length > PROXY_HEADER_MAX - V2_FIXED)
		return bad(why, "header is too long");
	if (!cursor_take(&at, length, &payload))
		return PROXY_HEADER_MORE;
	if (version != VERSION_LOCAL && (version != VERSION_PROXY || !v2_fields(payload, family, out)))
		return bad(why, "unknown version, command or address family");
	*in = at;
	return PROXY_HEADER_GOOD;
}

enum proxy_result
proxy_header_parse(struct cursor *in, struct proxy_header *out, struct buf *why)
{
	static const struct view v1_start = VIEW_INIT("PROXY ");
	struct view have = cursor_rest(in);

	memset(out, 0, sizeof(*out));
	if (view_starts(have, v1_start))
		return v1(in, out, why);
	if (view_starts(have, signature))
		return v2(in, out, why);
	if (view_starts(v1_start, have) || view_starts(signature, have))
		return PROXY_HEADER_MORE;
	return bad(why, "no header");
}

static const char *
failure(enum stream_result result)
{
	return result == STREAM_TIMEOUT ? "time limit exceeded" : "connection lost";
}

bool
proxy_header_read(struct stream *stream, msec_t within_ms, struct proxy_header *out, struct buf *why)
{
	enum proxy_result result = PROXY_HEADER_MORE;
	enum stream_result read = STREAM_OK;
	size_t seen = 0;

	stream_set_timeout(stream, within_ms);
	stream_set_deadline(stream, clock_deadline(within_ms));
	while (result == PROXY_HEADER_MORE && (read = stream_fill_beyond(stream, seen)) == STREAM_OK) {
		struct cursor in = cursor_of(stream_pending(stream));

		seen = cursor_left(&in);
		result = seen == 0 ? PROXY_HEADER_MORE : proxy_header_parse(&in, out, why);
		if (result == PROXY_HEADER_GOOD)
			stream_take(stream, seen - cursor_left(&in));
		else if (result == PROXY_HEADER_MORE && seen >= PROXY_HEADER_MAX)
			break;
	}
	stream_set_deadline(stream, CLOCK_NEVER);
	if (read != STREAM_OK)
		why_set(why, "%s", failure(read));
	return result == PROXY_HEADER_GOOD;
}

/* parse: DNS messages (RFC 1035, 4). Every length is checked; names may point backwards only, and not for ever. */
#include "dns/dns.h"

#include "util/log/log.h"
#include "util/text/cursor.h"

enum { HEADER_SIZE = 12, NAME_MAX_BYTES = 255, POINTERS_MAX = 64, CNAME_CHAIN_MAX = 16 };
enum { RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3 };
enum { CLASS_IN = 1 };

struct message {
	struct view packet;
	struct arena *arena;
	struct cursor at;
	unsigned rcode;
	bool authentic;
	unsigned questions, answers;
};

/* One label of at most 63 bytes, appended with a dot in front when it is not the first. */
static bool
label(struct cursor *in, unsigned length, struct buf *out)
{
	struct view text;

	if (length > 63 || !cursor_take(in, length, &text) || out->len + length + 1 > NAME_MAX_BYTES)
		return false;
	if (out->len > 0)
		buf_putc(out, '.');
	buf_putv(out, text);
	return true;
}

/* domain-name = *label ( 0 / pointer ) (RFC 1035, 4.1.4) */
static bool
name_bytes(struct view packet, struct cursor *in, struct buf *out)
{
	struct cursor at = *in;
	bool jumped = false;
	uint8_t length, low;

	for (int jumps = 0; jumps < POINTERS_MAX;) {
		if (!cursor_u8(&at, &length))
			return false;
		if ((length & 0xc0) == 0xc0) {
			if (!cursor_u8(&at, &low))
				return false;
			if (!jumped)
				*in = at;
			jumped = true;
			jumps++;
			at = cursor_of(view_slice(packet, (size_t)(length & 0x3f) << 8 | low, packet.len));
		} else if (length == 0) {
			if (!jumped)
				*in = at;
			return true;
		} else if (!label(&at, length, out)) {
			return false;
		}
	}
	return false;
}

static bool
name(struct message *message, struct cursor *in, struct view *out)
{
	struct buf text = BUF_INIT;
	bool ok = name_bytes(message->packet, in, &text) && view_find(buf_view(&text), '\0') < 0;

	if (ok)
		*out = arena_view(message->arena, buf_view(&text));
	buf_fini(&text);
	return ok;
}

static bool
header(struct message *message)
{
	uint16_t id, flags, questions, answers, ignored;

	if (!cursor_be16(&message->at, &id) || !cursor_be16(&message->at, &flags) || !cursor_be16(&message->at, &questions) ||
	    !cursor_be16(&message->at, &answers) || !cursor_be16(&message->at, &ignored) || !cursor_be16(&message->at, &ignored))
		return false;
	message->rcode = flags & 15;
	message->authentic = (flags & 0x20) != 0;
	message->questions = questions;
	message->answers = answers;
	return true;
}

static bool
skip_questions(struct message *message)
{
	struct view ignored;
	uint16_t number;

	for (unsigned i = 0; i < message->questions; i++)
		if (!name(message, &message->at, &ignored) || !cursor_be16(&message->at, &number) ||
		    !cursor_be16(&message->at, &number))
			return false;
	return true;
}

/* -- what each type carries: false drops the record ----------------------------------------------------------------- */

static bool
data_a(struct message *message, struct cursor *data, struct dns_record *out)
{
	if (cursor_left(data) != 4)
		return false;
	out->addr.family = AF_INET;
	memcpy(out->addr.bytes, data->at, 4);
	return true;
}

static bool
data_aaaa(struct message *message, struct cursor *data, struct dns_record *out)
{
	if (cursor_left(data) != 16)
		return false;
	out->addr.family = AF_INET6;
	memcpy(out->addr.bytes, data->at, 16);
	return true;
}

static bool
data_name(struct message *message, struct cursor *data, struct dns_record *out)
{
	return name(message, data, &out->name);
}

static bool
data_mx(struct message *message, struct cursor *data, struct dns_record *out)
{
	return cursor_be16(data, &out->preference) && name(message, data, &out->name);
}

static bool
data_srv(struct message *message, struct cursor *data, struct dns_record *out)
{
	return cursor_be16(data, &out->preference) && cursor_be16(data, &out->weight) && cursor_be16(data, &out->port) &&
	    name(message, data, &out->name);
}

static bool
data_txt(struct message *message, struct cursor *data, struct dns_record *out)
{
	struct buf text = BUF_INIT;
	struct view part;
	uint8_t length;
	bool ok = true;

	while (ok && !cursor_done(data)) {
		ok = cursor_u8(data, &length) && cursor_take(data, length, &part);
		if (ok)
			buf_putv(&text, part);
	}
	out->data = arena_view(message->arena, buf_view(&text));
	buf_fini(&text);
	return ok;
}

static bool
data_tlsa(struct message *message, struct cursor *data, struct dns_record *out)
{
	if (!cursor_u8(data, &out->usage) || !cursor_u8(data, &out->selector) || !cursor_u8(data, &out->matching) ||
	    cursor_done(data))
		return false;
	out->data = arena_view(message->arena, cursor_rest(data));
	return true;
}

static const struct data_kind {
	enum dns_type type;
	const char *name;
	bool (*parse)(struct message *message, struct cursor *data, struct dns_record *out);
} kinds[] = {
	{ DNS_A, "A", data_a },
	{ DNS_NS, "NS", data_name },
	{ DNS_CNAME, "CNAME", data_name },
	{ DNS_SOA, "SOA", NULL },
	{ DNS_PTR, "PTR", data_name },
	{ DNS_MX, "MX", data_mx },
	{ DNS_TXT, "TXT", data_txt },
	{ DNS_AAAA, "AAAA", data_aaaa },
	{ DNS_SRV, "SRV", data_srv },
	{ DNS_TLSA, "TLSA", data_tlsa },
};

static const struct data_kind *
kind_of(unsigned type)
{
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		if ((unsigned)kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

const char *
dns_type_name(enum dns_type type)
{
	const struct data_kind *kind = kind_of(type);

	return kind != NULL ? kind->name : "unknown";
}

/* Takes one resource record off the message. known: it is of a type we understand and well made. */
static bool
record(struct message *message, struct dns_record *out, bool *known)
{
	const struct data_kind *kind;
	uint16_t type, class, length;
	uint32_t ttl;
	struct view data;
	struct cursor in;

	memset(out, 0, sizeof(*out));
	if (!name(message, &message->at, &out->owner) || !cursor_be16(&message->at, &type) ||
	    !cursor_be16(&message->at, &class) || !cursor_be32(&message->at, &ttl) || !cursor_be16(&message->at, &length) ||
	    !cursor_take(&message->at, length, &data))
		return false;
	kind = kind_of(type);
	out->type = (enum dns_type)type;
	out->ttl = ttl;
	in = cursor_of(data);
	*known = class == CLASS_IN && kind != NULL && kind->parse != NULL && kind->parse(message, &in, out);
	return true;
}

static void
collect(struct message *message, enum dns_type type, struct dns_answer *out)
{
	struct dns_record one;
	bool known;
	int chain = 0;

	out->records = arena_alloc_array(message->arena, DNS_RECORDS_MAX, sizeof(*out->records));
	for (unsigned i = 0; i < message->answers && record(message, &one, &known); i++) {
		if (!known)
			continue;
		out->ttl = i == 0 || one.ttl < out->ttl ? one.ttl : out->ttl;
		if (one.type == DNS_CNAME && type != DNS_CNAME && chain++ < CNAME_CHAIN_MAX)
			out->canonical = one.name;
		if (one.type != type)
			continue;
		if (out->count == DNS_RECORDS_MAX) {
			log_warn("DNS record count limit (%d) exceeded -- dropping excess record(s) after qname=%.*s qtype=%s",
			    DNS_RECORDS_MAX, VIEW_ARG(one.owner), dns_type_name(type));
			break;
		}
		out->records[out->count++] = one;
	}
}

enum dns_result
dns_parse(struct view packet, enum dns_type type, struct arena *arena, struct dns_answer *out, struct buf *why)
{
	struct message message = { .packet = packet, .arena = arena, .at = cursor_of(packet) };

	memset(out, 0, sizeof(*out));
	if (!header(&message) || !skip_questions(&message)) {
		why_set(why, "Malformed DNS server reply");
		return DNS_MALFORMED;
	}
	if (message.rcode == RCODE_NXDOMAIN) {
		why_set(why, "Host not found");
		return DNS_NO_NAME;
	}
	if (message.rcode != RCODE_NOERROR) {
		why_set(why, "Host not found, try again");
		return DNS_AGAIN;
	}
	out->authentic = message.authentic;
	collect(&message, type, out);
	if (out->count > 0)
		return DNS_FOUND;
	why_set(why, "Host found but no data record of requested type");
	return DNS_NO_DATA;
}

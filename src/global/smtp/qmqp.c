#include "global/smtp/qmqp.h"

#include "util/text/cursor.h"

enum { DIGITS_MAX = 12 };

enum state { OUTER_LENGTH, ITEM_LENGTH, ITEM_BYTES, ITEM_END, OUTER_END, ALL_SEEN };

/* A piece of input; what is inside the outer netstring counts there too. */
struct reading {
	struct qmqp_request *request;
	struct cursor in;
};

static bool
take_byte(struct reading *r, char *c)
{
	bool inside = r->request->state >= ITEM_LENGTH && r->request->state <= ITEM_END;

	if ((inside && r->request->outer_left == 0) || !cursor_any(&r->in, c))
		return false;
	r->request->outer_left -= inside;
	return true;
}

static void
begin_number(struct qmqp_request *request, enum state state)
{
	request->state = state;
	request->length = request->digits = 0;
}

static void
begin_bytes(struct qmqp_request *request)
{
	request->state = request->length > 0 ? ITEM_BYTES : ITEM_END;
	request->left = request->length;
	request->items++;
	buf_reset(&request->address);
}

/* The message may fill the request; an address has a limit of its own. */
static bool
end_number(struct qmqp_request *request)
{
	if (request->digits == 0)
		return false;
	if (request->state == OUTER_LENGTH) {
		request->outer_left = request->length;
		begin_number(request, ITEM_LENGTH);
		return true;
	}
	request->too_long = request->items > 0 && request->length > request->address_max;
	if (request->too_long || request->length >= request->outer_left)
		return false;
	begin_bytes(request);
	return true;
}

/* length = "0" / (%x31-39 *DIGIT) */
static bool
take_number(struct reading *r)
{
	struct qmqp_request *request = r->request;
	char c;

	if (!take_byte(r, &c))
		return false;
	if (c == ':')
		return end_number(request);
	if (!char_is(c, CHAR_DIGIT) || request->digits == DIGITS_MAX || (request->digits > 0 && request->length == 0))
		return false;
	request->length = request->length * 10 + (uint64_t)(c - '0');
	request->digits++;
	return true;
}

static bool
take_bytes(struct reading *r)
{
	struct qmqp_request *request = r->request;
	size_t n = cursor_left(&r->in) < request->left ? cursor_left(&r->in) : (size_t)request->left;
	struct view piece;

	cursor_take(&r->in, n, &piece);
	request->left -= n;
	request->outer_left -= n;
	if (request->items == 1)
		request->message(piece, request->arg);
	else
		buf_putv(&request->address, piece);
	if (request->left == 0)
		request->state = ITEM_END;
	return true;
}

static bool
deliver_address(struct qmqp_request *request)
{
	struct view address = buf_view(&request->address);

	if (request->items == 1)
		return true;
	if (view_find(address, '\0') >= 0)
		return false;
	(request->items == 2 ? request->sender : request->recipient)(address, request->arg);
	return true;
}

static bool
end_item(struct reading *r)
{
	struct qmqp_request *request = r->request;
	char c;

	if (!take_byte(r, &c) || c != ',' || !deliver_address(request))
		return false;
	begin_number(request, request->outer_left > 0 ? ITEM_LENGTH : OUTER_END);
	return true;
}

static bool
end_request(struct reading *r)
{
	r->request->state = ALL_SEEN;
	return cursor_byte(&r->in, ',') && r->request->items >= 2;
}

static bool (*const steps[])(struct reading *r) = {
	[OUTER_LENGTH] = take_number,
	[ITEM_LENGTH] = take_number,
	[ITEM_BYTES] = take_bytes,
	[ITEM_END] = end_item,
	[OUTER_END] = end_request,
};

enum qmqp_result
qmqp_feed(struct qmqp_request *request, struct view bytes)
{
	struct reading r = { request, cursor_of(bytes) };

	while (request->state != ALL_SEEN && !cursor_done(&r.in)) {
		if (!steps[request->state](&r))
			return QMQP_MALFORMED;
	}
	return request->state == ALL_SEEN ? QMQP_DONE : QMQP_MORE;
}

const char *
qmqp_part(const struct qmqp_request *request)
{
	bool next = request->state == ITEM_LENGTH || request->state >= OUTER_END;
	uint64_t item = request->items + next;

	if (request->state == OUTER_LENGTH)
		return "QMQP packet header";
	if (item <= 1)
		return "message content";
	return item == 2 ? "sender address" : "recipient address";
}

void
qmqp_request_fini(struct qmqp_request *request)
{
	buf_fini(&request->address);
}

void
netstring_put(struct buf *out, struct view text)
{
	buf_printf(out, "%zu:", text.len);
	buf_putv(out, text);
	buf_putc(out, ',');
}

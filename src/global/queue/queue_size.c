#include "global/queue/queue_size.h"

enum { QMGR_FLAGS_KNOWN = 0x1f, FIELDS = 6 };

/* Never believed from a file: they follow from the content. */
enum {
	OPTIONS_KNOWN = QUEUE_OPTION_SMTPUTF8_REQUESTED | QUEUE_OPTION_SMTPUTF8_HEADER | QUEUE_OPTION_SMTPUTF8_SENDER |
	    QUEUE_OPTION_SMTPUTF8_RECIPIENT | QUEUE_OPTION_TLS_NOT_REQUIRED | QUEUE_OPTION_REQUIRETLS,
};

void
queue_size_put(struct buf *out, const struct queue_size *size)
{
	buf_printf(out, "%15lld %15lld %15lld %15lld %15lld %15lld", size->content_size, size->data_offset,
	    size->recipients, size->qmgr_flags, size->logical_size, size->options);
}

void
queue_options_put(struct buf *out, long long options)
{
	const struct queue_size unknown = { -1, -1, -1, -1, -1, options };

	queue_size_put(out, &unknown);
}

/* number = *WSP ["-"] 1*DIGIT */
bool
queue_number(struct cursor *in, long long *out)
{
	struct cursor ahead = *in;
	uint64_t number;
	bool negative;

	cursor_skip(&ahead, CHAR_BLANK);
	negative = cursor_byte(&ahead, '-');
	if (!cursor_u64(&ahead, &number) || number > INT64_MAX)
		return false;
	*out = negative ? -(long long)number : (long long)number;
	*in = ahead;
	return true;
}

/* Fields that are missing (older files) stay 0. Returns how many there are, -1 when there is anything else. */
static int
parse_fields(struct view data, long long fields[FIELDS])
{
	struct cursor in = cursor_of(data);
	int count = 0;

	while (count < FIELDS && queue_number(&in, &fields[count]))
		count++;
	cursor_skip(&in, CHAR_BLANK);
	return cursor_done(&in) ? count : -1;
}

bool
queue_size_parse(struct view data, struct queue_size *out)
{
	long long f[FIELDS] = { 0 };
	int count = parse_fields(data, f);
	long long options = f[5] > 0 ? f[5] & OPTIONS_KNOWN : 0;

	if (count < 1 || count == 2)
		return false;
	if (count == 1 || f[0] <= 0 || f[1] <= 0) {	/* before 1.0, unfinished, or from maildrop: no layout told */
		*out = (struct queue_size){ .options = options };
		return true;
	}
	if (f[2] < 0 || (f[3] & ~(long long)QMGR_FLAGS_KNOWN) != 0 || f[4] < 0)
		return false;
	*out = (struct queue_size){ f[0], f[1], f[2], f[3], f[4] > 0 ? f[4] : f[0], options };
	return true;
}

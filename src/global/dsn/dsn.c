#include "global/dsn/dsn.h"

#include "util/text/cursor.h"

void
dsn_init(struct dsn *dsn)
{
	*dsn = (struct dsn){ .status = "" };
}

void
dsn_fini(struct dsn *dsn)
{
	buf_fini(&dsn->text);
	buf_fini(&dsn->diag_type);
	buf_fini(&dsn->diag_text);
	buf_fini(&dsn->mta_type);
	buf_fini(&dsn->mta_name);
	buf_fini(&dsn->action);
	dsn->status[0] = '\0';
}

static void
reset(struct dsn *dsn)
{
	buf_reset(&dsn->text);
	buf_reset(&dsn->diag_type);
	buf_reset(&dsn->diag_text);
	buf_reset(&dsn->mta_type);
	buf_reset(&dsn->mta_name);
	buf_reset(&dsn->action);
}

static void
set_status(char out[DSN_STATUS_SIZE], struct view status)
{
	size_t len = status.len < DSN_STATUS_SIZE ? status.len : DSN_STATUS_SIZE - 1;

	memcpy(out, status.data, len);
	out[len] = '\0';
}

void
dsn_set(struct dsn *dsn, const char *status, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	/* Formatted first: the arguments may point into what is replaced. */
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	reset(dsn);
	buf_swap(&dsn->text, &text);
	buf_fini(&text);
	set_status(dsn->status, view_string(status));
}

void
dsn_from_errno(struct dsn *dsn, const char *status, int error, struct view what)
{
	dsn_set(dsn, status, "%.*s: %s", VIEW_ARG(what), strerror(error));
}

void
dsn_soften(struct dsn *dsn)
{
	if (dsn->status[0] == '5')
		dsn->status[0] = '4';
}

/* One to three digits (RFC 3463, 2). */
static bool
status_number(struct cursor *in)
{
	struct view digits;

	return cursor_class(in, CHAR_DIGIT, &digits) && digits.len <= 3;
}

/* status-code = ("2" / "4" / "5") "." subject "." detail */
static bool
status_code(struct cursor *in)
{
	return (cursor_byte(in, '2') || cursor_byte(in, '4') || cursor_byte(in, '5')) &&
	    cursor_byte(in, '.') && status_number(in) && cursor_byte(in, '.') && status_number(in);
}

bool
dsn_status_valid(struct view status)
{
	struct cursor in = cursor_of(status);

	return status_code(&in) && cursor_done(&in);
}

bool
dsn_split(struct view text, char status[DSN_STATUS_SIZE], struct view *rest)
{
	struct cursor in = cursor_of(text);
	const char *start;

	cursor_skip(&in, CHAR_SPACE);
	start = in.at;
	if (!status_code(&in) || !(cursor_done(&in) || cursor_at(&in, CHAR_SPACE)))
		return false;
	set_status(status, view_bytes(start, (size_t)(in.at - start)));
	cursor_skip(&in, CHAR_SPACE);
	*rest = cursor_rest(&in);
	return true;
}

void
dsn_copy(struct dsn *to, const struct dsn *from)
{
	memcpy(to->status, from->status, sizeof(to->status));
	buf_set(&to->text, buf_view(&from->text));
	buf_set(&to->diag_type, buf_view(&from->diag_type));
	buf_set(&to->diag_text, buf_view(&from->diag_text));
	buf_set(&to->mta_type, buf_view(&from->mta_type));
	buf_set(&to->mta_name, buf_view(&from->mta_name));
	buf_set(&to->action, buf_view(&from->action));
}

#include "global/address/address.h"

#include "util/text/chars.h"

bool
address_split(struct view internal, struct view *local, struct view *domain)
{
	return view_rsplit(internal, '@', local, domain);
}

void
address_join(struct buf *out, const struct address *address)
{
	buf_putv(out, address->local);
	if (!view_empty(address->domain)) {
		buf_putc(out, '@');
		buf_putv(out, address->domain);
	}
}

/* Dot-string = Atom *("." Atom) (RFC 5321, 4.1.2; RFC 6531, 3.3 adds bytes above 127) */
static bool
is_dot_string(struct view local)
{
	bool after_dot = true;

	for (size_t i = 0; i < local.len; i++) {
		if (local.data[i] == '.' ? after_dot : !char_is(local.data[i], CHAR_ATEXT | CHAR_UTF8))
			return false;
		after_dot = local.data[i] == '.';
	}
	return !after_dot;
}

static void
quote_local(struct buf *out, struct view local)
{
	if (is_dot_string(local)) {
		buf_putv(out, local);
		return;
	}
	buf_putc(out, '"');
	for (size_t i = 0; i < local.len; i++) {
		if (local.data[i] == '"' || local.data[i] == '\\' || local.data[i] == '\r')
			buf_putc(out, '\\');
		buf_putc(out, local.data[i]);
	}
	buf_putc(out, '"');
}

void
address_quote(struct buf *out, struct view internal)
{
	struct view local, domain;

	if (view_empty(internal))
		return;
	if (!address_split(internal, &local, &domain)) {
		quote_local(out, internal);
		return;
	}
	quote_local(out, local);
	buf_putc(out, '@');
	buf_putv(out, domain);
}

/* One byte of the external form, quoted pairs resolved; false, and nothing taken, where the text ends inside a pair. */
static bool
unquote_byte(struct cursor *in, bool *quoted, struct buf *out)
{
	struct cursor at = *in;
	char c = '\0';

	if (cursor_byte(&at, '"')) {
		*quoted = !*quoted;
	} else {
		cursor_byte(&at, '\\');
		if (!cursor_any(&at, &c))
			return false;
		buf_putc(out, c);
	}
	*in = at;
	return true;
}

bool
address_unquote(struct buf *out, struct view external)
{
	struct cursor in = cursor_of(external);
	size_t before = out->len;
	bool quoted = false;

	while (!cursor_done(&in) && unquote_byte(&in, &quoted, out))
		;
	if (quoted || !cursor_done(&in)) {
		buf_truncate(out, before);
		return false;
	}
	return true;
}

bool
address_equal(struct view a, struct view b)
{
	struct view local_a, local_b, domain_a, domain_b;
	bool has_a = address_split(a, &local_a, &domain_a), has_b = address_split(b, &local_b, &domain_b);

	if (!has_a || !has_b)
		return has_a == has_b && view_equal(a, b);
	return view_equal(local_a, local_b) && view_equal_nocase(domain_a, domain_b);
}

/* Names that have a meaning as a whole; those with "owner-" and "-request" only matter where '-' could split them. */
static bool
never_split(struct view local, const char *delimiters, bool owner_request_special)
{
	if (view_is_nocase(local, "MAILER-DAEMON") || view_is_nocase(local, "double-bounce"))
		return true;
	if (!owner_request_special || strchr(delimiters, '-') == NULL)
		return false;
	return (local.len > strlen("owner-") && view_starts_nocase(local, VIEW("owner-")))
	    || (local.len > strlen("-request") && view_ends_nocase(local, VIEW("-request")));
}

bool
address_split_extension(struct view local, const char *delimiters, bool owner_request_special, struct view *user,
    struct view *extension)
{
	ptrdiff_t at;

	if (delimiters == NULL || delimiters[0] == '\0' || never_split(local, delimiters, owner_request_special))
		return false;
	at = view_find_any(local, delimiters);
	if (at <= 0)
		return false;
	*user = view_slice(local, 0, (size_t)at);
	*extension = view_slice(local, (size_t)at + 1, local.len);
	return true;
}

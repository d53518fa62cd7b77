#include "table/query.h"

struct expansion {
	struct view own, key;		/* what lower-case letters stand for; what upper-case ones do */
	query_quote *quote;
	void *arg;
};

bool
query_template_valid(const char *template, struct buf *why)
{
	for (const char *at = strchr(template, '%'); at != NULL; at = strchr(at + 2, '%')) {
		if (at[1] != '\0' && strchr("%sudSUD123456789", at[1]) != NULL)
			continue;
		why_set(why, "bad \"%%%c\" in \"%s\"", at[1] != '\0' ? at[1] : ' ', template);
		return false;
	}
	return true;
}

static struct view
domain_of(struct view address)
{
	struct view local, domain;

	return view_rsplit(address, '@', &local, &domain) ? domain : VIEW_EMPTY;
}

static struct view
local_of(struct view address)
{
	struct view local, domain;

	return view_rsplit(address, '@', &local, &domain) ? local : address;
}

/* The n-th label from the right, from 1. */
static struct view
label_of(struct view domain, int n)
{
	struct view rest = domain, label = VIEW_EMPTY;

	for (int i = 0; i < n; i++) {
		if (rest.len == 0)
			return VIEW_EMPTY;
		if (!view_rsplit(rest, '.', &rest, &label)) {
			label = rest;
			rest = VIEW_EMPTY;
		}
	}
	return label;
}

static struct view
piece(const struct expansion *e, char letter)
{
	switch (letter) {
	case 's': return e->own;
	case 'u': return local_of(e->own);
	case 'd': return domain_of(e->own);
	case 'S': return e->key;
	case 'U': return local_of(e->key);
	case 'D': return domain_of(e->key);
	default: return label_of(domain_of(e->key), letter - '0');
	}
}

static bool
expand(const char *template, const struct expansion *e, struct buf *out)
{
	for (const char *at = template; *at != '\0'; at++) {
		struct view v;

		if (*at != '%' || *++at == '%') {
			buf_putc(out, *at);
			continue;
		}
		v = piece(e, *at);
		if (v.len == 0 || !e->quote(e->arg, v, out))
			return false;
	}
	return true;
}

bool
query_expand(const char *template, struct view key, query_quote *quote, void *arg, struct buf *out)
{
	struct expansion e = { key, key, quote, arg };

	return expand(template, &e, out);
}

static bool
as_it_is(void *arg, struct view v, struct buf *out)
{
	buf_putv(out, v);
	return true;
}

bool
query_format(const char *template, struct view key, struct view value, struct buf *out)
{
	struct expansion e = { value, key, as_it_is, NULL };

	return expand(template, &e, out);
}

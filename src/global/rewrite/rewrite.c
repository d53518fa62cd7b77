#include "global/rewrite/rewrite.h"

#include "global/config/compatibility.h"
#include "util/text/words.h"

const struct binding rewrite_bindings[] = {
	REWRITE_BINDINGS(struct rewrite_rules, ),
	BIND_END
};

/* "@a,@b:user@c" is "user@c" (RFC 5321, 4.1.2: A-d-l); a route without an address behind it stays. */
static struct view
without_route(struct view in)
{
	struct view route, rest;

	if (in.len > 0 && in.data[0] == '@' && view_split(in, ':', &route, &rest) && rest.len > 0)
		return rest;
	return in;
}

/* Dots at the end of a domain say nothing, unless they are all of it. */
static struct view
without_dots(struct view in)
{
	struct view out = in;

	if (view_find_any(in, "@%!") < 0)
		return in;
	while (out.len > 0 && out.data[out.len - 1] == '.')
		out.len--;
	return out.len > 0 ? out : in;
}

/* Without a domain: site!user is user@site, and user%site is user@site. */
static void
find_domain(const struct rewrite_rules *rules, struct view in, struct view *local, struct view *domain)
{
	struct view before, after;

	*local = in;
	*domain = VIEW_EMPTY;
	if (view_rsplit(in, '@', &before, &after)) {
		*local = before;
		*domain = after;
	} else if (rules->swap_bangpath && view_split(in, '!', &before, &after) && before.len > 0 && after.len > 0) {
		*local = after;
		*domain = before;
	} else if (rules->allow_percent_hack && view_rsplit(in, '%', &before, &after) && before.len > 0 && after.len > 0) {
		*local = before;
		*domain = after;
	}
}

/* "localhost" is the same mailbox with and without, as long as it is ours in both forms. */
static void
warn_append(const struct rewrite_rules *rules, struct view domain, const char *parent)
{
	bool localhost = view_is_nocase(domain, "localhost");

	if (!localhost || !words_contain(view_string(rules->mydestination), domain))
		compatibility_log("append_dot_mydomain=yes to rewrite \"%.*s\" to \"%.*s.%s\"%s", VIEW_ARG(domain),
		    VIEW_ARG(domain), parent, localhost ?
		    "; please add \"localhost\" to mydestination or other address class" : "");
}

static void
put_domain(const struct rewrite_rules *rules, struct view domain, const char *parent, struct buf *out)
{
	buf_putc(out, '@');
	buf_putv(out, domain);
	if (rules->append_dot_mydomain && *parent != '\0' && view_find_any(domain, ".[]:") < 0 && domain.len > 0) {
		buf_putc(out, '.');
		buf_puts(out, parent);
		if (rules->old_append_dot)
			warn_append(rules, domain, parent);
	}
}

void
rewrite_address(const struct rewrite_rules *rules, enum rewrite_context context, struct view in, struct buf *out)
{
	bool remote = context == REWRITE_REMOTE;
	const char *origin = remote ? rules->remote_domain : rules->myorigin;
	const char *parent = remote ? rules->remote_domain : rules->mydomain;
	struct view address, local, domain;

	buf_reset(out);
	if (in.len == 0 || *origin == '\0') {
		buf_putv(out, in);
		return;
	}
	address = without_dots(without_route(in));
	find_domain(rules, address, &local, &domain);
	buf_putv(out, local);
	if (domain.len > 0)
		put_domain(rules, domain, parent, out);
	else if (local.len > 0 && local.len == address.len && (remote || rules->append_at_myorigin))
		put_domain(rules, view_string(origin), "", out);
	else
		buf_putv(out, view_slice(address, local.len, address.len));
}

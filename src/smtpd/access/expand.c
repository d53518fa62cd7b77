/* expand: texts with $names in them, for what a client is told: reject footers and replies about block lists. */
#include <time.h>

#include "global/address/address.h"
#include "global/config/expand.h"
#include "smtpd/access/internal.h"
#include "util/log/log.h"

struct expansion {
	const struct access *access;
	const struct access_facts *facts;
	const struct access_name *more;
	size_t more_count;
};

static struct view
local_part(struct view address)
{
	struct view local = address, domain;

	address_split(address, &local, &domain);
	return local;
}

static struct view
domain_part(struct view address)
{
	struct view local, domain = VIEW_EMPTY;

	address_split(address, &local, &domain);
	return domain;
}

static void
put_time(struct buf *out)
{
	time_t now = clock_wall().tv_sec;
	char text[64];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(text, sizeof(text), "%b %d %H:%M:%S", &tm);
	buf_puts(out, text);
}

static void
put_port(const struct netaddr *addr, struct buf *out)
{
	if (addr->port != 0)
		buf_putu(out, addr->port);
	else
		buf_puts(out, "unknown");
}

/* True when the name is one of ours. */
static bool
put_fact(const struct expansion *e, struct view name, struct buf *out)
{
	const struct access_facts *facts = e->facts;
	const struct {
		const char *name;
		struct view value;
	} known[] = {
		{ "client", buf_view(&facts->peer->namaddr) },
		{ "client_address", buf_view(&facts->peer->address) },
		{ "client_name", buf_view(&facts->peer->name) },
		{ "reverse_client_name", buf_view(&facts->peer->reverse_name) },
		{ "helo_name", facts->helo },
		{ "sender", facts->has_sender && view_empty(facts->sender) ? VIEW("<>") : facts->sender },
		{ "sender_name", local_part(facts->sender) },
		{ "sender_domain", domain_part(facts->sender) },
		{ "recipient", facts->recipient },
		{ "recipient_name", local_part(facts->recipient) },
		{ "recipient_domain", domain_part(facts->recipient) },
		{ "server_name", view_string(e->access->config.myhostname) },
	};

	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		if (!view_is(name, known[i].name))
			continue;
		buf_putv(out, known[i].value);
		return true;
	}
	return false;
}

static bool
put_name(const struct expansion *e, struct view name, struct buf *out)
{
	for (size_t i = 0; i < e->more_count; i++) {
		if (view_is(name, e->more[i].name)) {
			buf_putv(out, e->more[i].value);
			return true;
		}
	}
	if (put_fact(e, name, out))
		return true;
	if (view_is(name, "localtime"))
		put_time(out);
	else if (view_is(name, "client_port"))
		put_port(&e->facts->peer->addr, out);
	else if (view_is(name, "server_port"))
		put_port(&e->facts->peer->server, out);
	else
		return false;
	return true;
}

/* What others chose must not look like anything but text. */
static bool
value(void *arg, struct view name, struct buf *out, struct buf *why)
{
	const struct expansion *e = arg;
	const char *allowed = e->access->config.expansion_filter;
	size_t from = out->len;

	if (!put_name(e, name, out))
		log_warn("unknown name \"%.*s\" in the text of a reply", VIEW_ARG(name));
	for (size_t i = from; i < out->len; i++) {
		if (strchr(allowed, out->data[i]) == NULL || out->data[i] == '\0')
			out->data[i] = '_';
	}
	return true;
}

static bool
has_text(void *arg, struct view name)
{
	struct buf text = BUF_INIT;
	bool has = put_name(arg, name, &text) && text.len > 0;

	buf_fini(&text);
	return has;
}

bool
access_expand(const struct access *access, const struct access_facts *facts, const struct access_name *more,
    size_t more_count, const char *text, struct buf *out)
{
	struct expansion expansion = { access, facts, more, more_count };
	struct expand_names names = { value, has_text, &expansion };
	struct buf why = BUF_INIT;
	bool good = expand_text(&names, view_string(text), out, &why);

	if (!good)
		log_warn("text of a reply \"%s\": %s", text, buf_c(&why));
	buf_fini(&why);
	return good;
}

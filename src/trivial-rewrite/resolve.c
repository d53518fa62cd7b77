#include "trivial-rewrite/resolve.h"

#include "global/address/address.h"
#include "global/address/mail_maps.h"
#include "global/dsn/dsn.h"
#include "util/log/log.h"

/* One question on its way to an answer. */
struct question {
	struct resolving *r;
	struct routing *routing;
	const struct resolve_request *request;
	struct arena *arena;
	struct resolve_reply *reply;
	struct view local, domain;
	bool failed;			/* a table could not be asked */
};

static void
fail(struct question *q, const char *what)
{
	if (!q->failed)
		log_warn("%s lookup failure", what);
	q->failed = true;
}

static void
answer_error(struct question *q, const char *text)
{
	q->reply->transport = view_string(q->r->config->error_service);
	q->reply->nexthop = view_string(text);
}

static bool
in_list(struct question *q, const char *what, enum lookup result)
{
	if (result == LOOKUP_RETRY)
		fail(q, what);
	return result == LOOKUP_FOUND;
}

/* -- whose domain -------------------------------------------------------------------------------------------------- */

static bool
is_local(struct question *q, struct view domain)
{
	return in_list(q, "mydestination", match_list_string(q->r->mydestination, domain)) ||
	    own_literal(&q->r->own, q->r->config->proxy_interfaces, domain);
}

/* -- the address --------------------------------------------------------------------------------------------------- */

static bool
has_routing(const struct rewrite_rules *rules, struct view local)
{
	return view_find(local, '@') >= 0 || (rules->swap_bangpath && view_find(local, '!') >= 0)
	    || (rules->allow_percent_hack && view_find(local, '%') >= 0);
}

static void
divide(struct question *q, struct view address)
{
	while (address.len > 1 && address.data[address.len - 1] == '.')
		address.len--;
	if (!address_split(address, &q->local, &q->domain)) {
		q->local = address;
		q->domain = VIEW_EMPTY;
	}
}

/*
 * AD7: user%remote@here and its kin go where they say, under a flag that lets the relay check refuse them. Each round
 * takes off one domain, so it ends.
 */
static void
unroute(struct question *q)
{
	const struct rewrite_rules *rules = &q->r->config->rewrite;
	struct buf inner = BUF_INIT;

	while (rules->resolve_dequoted && has_routing(rules, q->local)) {
		size_t before = q->local.len + q->domain.len;

		q->reply->flags |= RESOLVE_FLAG_ROUTED;
		if (q->domain.len > 0 && !is_local(q, q->domain))
			break;
		rewrite_address(rules, REWRITE_LOCAL, q->local, &inner);
		divide(q, arena_view(q->arena, buf_view(&inner)));
		if (q->local.len + q->domain.len >= before || q->domain.len == 0)
			break;
	}
	buf_fini(&inner);
}

static void
read_address(struct question *q)
{
	struct view address = q->request->address;

	if (address.len == 0)
		address = view_string(q->r->config->rewrite.empty_address_recipient);
	if (address.len > 0 && address.data[0] == '@') {
		struct buf routed = BUF_INIT;

		rewrite_address(&q->r->config->rewrite, REWRITE_LOCAL, address, &routed);
		address = arena_view(q->arena, buf_view(&routed));
		buf_fini(&routed);
	}
	divide(q, address);
	unroute(q);
	if (q->domain.len == 0 && view_find(q->local, '@') < 0 && !view_ends(address, VIEW("@")))
		q->domain = view_string(q->r->config->myhostname);
}

/* 1.2.3.4 without brackets is no domain, unless resolve_numeric_domain makes it an address. */
static bool
domain_good(struct question *q)
{
	struct netaddr address;

	if (q->domain.len == 0)
		return q->r->config->null_domain;
	if (netaddr_parse(q->domain, &address)) {
		q->domain = arena_printf(q->arena, "[%.*s]", VIEW_ARG(q->domain));
		return q->r->config->numeric_domain;
	}
	return domain_valid_mail(q->domain);
}

static bool
address_good(struct question *q)
{
	if (q->local.len > 0 && q->local.data[0] == '-' && !q->r->config->allow_min_user)	/* AD2 */
		return false;
	return domain_good(q);
}

/* -- transports ---------------------------------------------------------------------------------------------------- */

/* "transport:nexthop"; what is missing keeps its value. */
static void
set_route(struct question *q, struct view route, struct view nexthop)
{
	struct view transport = route, given = VIEW_EMPTY;

	view_split(route, ':', &transport, &given);
	if (transport.len > 0)
		q->reply->transport = arena_view(q->arena, transport);
	q->reply->nexthop = arena_view(q->arena, given.len > 0 ? given : nexthop);
}

/* A table keyed by sender: a route, or VIEW_EMPTY. */
static struct view
by_sender(struct question *q, struct maps *maps, const char *title, const char *null_key)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_AT_DOMAIN | ADDRESS_KEY_USER;
	struct view sender = q->request->sender, local, domain, found = VIEW_EMPTY;
	struct buf value = BUF_INIT;
	enum lookup result;
	bool ours;

	if (maps_empty(maps))
		return VIEW_EMPTY;
	ours = !address_split(sender, &local, &domain) || is_local(q, domain);
	if (sender.len == 0)
		result = maps_lookup(maps, view_string(null_key), false, &value, NULL);
	else
		result = mail_maps_lookup(maps, sender, q->r->config->recipient_delimiter, keys, ours, &value, NULL, NULL);
	if (result == LOOKUP_RETRY)
		fail(q, title);
	else if (result == LOOKUP_FOUND && !view_is_nocase(buf_view(&value), "DUNNO"))
		found = arena_view(q->arena, buf_view(&value));
	buf_fini(&value);
	return found;
}

static struct view
relay_nexthop(struct question *q)
{
	struct view relay = by_sender(q, q->routing->sender_relayhost, "sender_dependent_relayhost_maps",
	    q->r->config->null_relayhost_key);

	if (relay.len == 0)
		relay = view_string(q->routing->config->relayhost);
	return relay.len > 0 ? relay : q->domain;
}

/* No user has an empty name; what others make of "@domain" is theirs to say. */
static void
route_local(struct question *q)
{
	if (q->local.len == 0)
		q->reply->recipient = arena_printf(q->arena, "%s@%.*s",
		    q->r->config->rewrite.empty_address_recipient, VIEW_ARG(q->domain));
	set_route(q, view_string(q->routing->config->local_transport), q->domain);
}

static void
route_alias(struct question *q)
{
	answer_error(q, q->r->config->show_table_name ? "5.1.1 User unknown in virtual alias table" : "5.1.1 User unknown");
}

static void
route_mailbox(struct question *q)
{
	set_route(q, view_string(q->routing->config->virtual_transport), q->domain);
}

static void
route_relay(struct question *q)
{
	set_route(q, view_string(q->routing->config->relay_transport), relay_nexthop(q));
}

static void
route_default(struct question *q)
{
	struct view route = by_sender(q, q->routing->sender_transport, "sender_dependent_default_transport_maps",
	    q->r->config->null_transport_key);

	set_route(q, view_string(q->routing->config->default_transport), relay_nexthop(q));
	if (route.len > 0)
		set_route(q, route, q->reply->nexthop);
}

static void (*const routes[])(struct question *q) = {
	[RESOLVE_LOCAL] = route_local,
	[RESOLVE_VIRTUAL_ALIAS] = route_alias,
	[RESOLVE_VIRTUAL_MAILBOX] = route_mailbox,
	[RESOLVE_RELAY] = route_relay,
	[RESOLVE_DEFAULT] = route_default,
};

/* The first class that lists the domain; a second one is an error of the configuration. */
static enum resolve_class
classify(struct question *q)
{
	const struct {
		const char *name;
		bool member;
	} classes[] = {
		[RESOLVE_LOCAL] = { "mydestination", is_local(q, q->domain) },
		[RESOLVE_VIRTUAL_ALIAS] = { "virtual_alias_domains",
		    in_list(q, "virtual_alias_domains", match_list_string(q->r->alias_domains, q->domain)) },
		[RESOLVE_VIRTUAL_MAILBOX] = { "virtual_mailbox_domains",
		    in_list(q, "virtual_mailbox_domains", match_list_string(q->r->mailbox_domains, q->domain)) },
	};
	int found = -1;

	for (int i = 0; i < (int)ARRAY_COUNT(classes); i++) {
		if (!classes[i].member)
			continue;
		if (found >= 0)
			log_warn("do not list domain %.*s in BOTH %s and %s", VIEW_ARG(q->domain), classes[found].name,
			    classes[i].name);
		else
			found = i;
	}
	if (found >= 0)
		return (enum resolve_class)found;
	return in_list(q, "relay_domains", match_list_domain(q->r->relay_domains, q->domain)) ? RESOLVE_RELAY : RESOLVE_DEFAULT;
}

/* "transport:", "transport:nexthop", ":nexthop" or ":" (tables: transport) */
static void
apply_transport(struct question *q, struct view value)
{
	struct view transport = value, nexthop = VIEW_EMPTY;

	view_split(value, ':', &transport, &nexthop);
	if (transport.len > 0) {
		q->reply->transport = arena_view(q->arena, transport);
		q->reply->nexthop = q->domain;
	}
	if (nexthop.len > 0)
		q->reply->nexthop = arena_view(q->arena, nexthop);
}

static void
override_transport(struct question *q)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_DOMAIN | (q->routing->transport_parents ? 0 : ADDRESS_PARENT_DOT);
	struct buf value = BUF_INIT;
	enum lookup result;

	if (maps_empty(q->routing->transport))
		return;
	result = mail_maps_lookup(q->routing->transport, q->reply->recipient, q->r->config->recipient_delimiter, keys, false,
	    &value, NULL, NULL);
	if (result == LOOKUP_NONE)
		result = maps_lookup(q->routing->transport, VIEW("*"), true, &value, NULL);
	if (result == LOOKUP_FOUND)
		apply_transport(q, buf_view(&value));
	else if (result == LOOKUP_RETRY)
		fail(q, "transport_maps");
	buf_fini(&value);
}

/* With relocated_prefix_enable = no the table says everything, code and text; less is no answer. */
static struct view
relocated_text(struct question *q, struct view value)
{
	char status[DSN_STATUS_SIZE];
	struct view text = VIEW_EMPTY;

	if (q->r->config->relocated_prefix)
		return arena_printf(q->arena, "5.1.6 User has moved to %.*s", VIEW_ARG(value));
	if (dsn_split(value, status, &text) && text.len > 0)
		return arena_view(q->arena, value);
	log_warn("relocated_maps result must contain RFC 3463 status and text: '%.*s'", VIEW_ARG(value));
	return VIEW("5.2.0 Mailbox is unavailable");
}

static void
check_relocated(struct question *q)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_USER | ADDRESS_KEY_AT_DOMAIN;
	struct buf value = BUF_INIT;
	bool local;
	enum lookup result;

	if (maps_empty(q->r->relocated))
		return;
	local = q->reply->domain_class == RESOLVE_LOCAL || view_is_nocase(q->domain, q->r->config->rewrite.myorigin);
	result = mail_maps_lookup(q->r->relocated, q->reply->recipient, q->r->config->recipient_delimiter, keys, local,
	    &value, NULL, NULL);
	if (result == LOOKUP_FOUND) {
		q->reply->transport = view_string(q->r->config->error_service);
		q->reply->nexthop = relocated_text(q, buf_view(&value));
	} else if (result == LOOKUP_RETRY)
		fail(q, "relocated_maps");
	buf_fini(&value);
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

static void
route(struct question *q)
{
	q->reply->recipient = arena_printf(q->arena, "%.*s@%.*s", VIEW_ARG(q->local), VIEW_ARG(q->domain));
	q->reply->domain_class = classify(q);
	routes[q->reply->domain_class](q);
	override_transport(q);
	check_relocated(q);
}

void
resolve(struct resolving *r, const struct resolve_request *request, struct arena *arena, struct resolve_reply *reply)
{
	struct question q = {
		.r = r, .routing = request->verify ? &r->verify : &r->routing, .request = request, .arena = arena,
		.reply = reply,
	};

	*reply = (struct resolve_reply){ .domain_class = RESOLVE_DEFAULT };
	read_address(&q);
	if (address_good(&q))
		route(&q);
	else {
		reply->recipient = request->address;
		reply->flags |= RESOLVE_FLAG_ERROR;
		answer_error(&q, "5.1.3 bad address syntax");
	}
	if (q.failed)
		reply->flags |= RESOLVE_FLAG_FAIL;
	reply->ttl_sec = q.failed ? 0 : r->ttl_sec;
}

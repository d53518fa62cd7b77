/*
 * XCLIENT: from here on the client is somebody else, and the session begins anew. XFORWARD: the next message comes from
 * somebody else, for the log only. Both take attributes, all of them or none.
 */
#include "global/address/address.h"
#include "smtpd/command.h"
#include "smtpd/reply.h"
#include "util/text/encode.h"

enum { VALUE_MAX = 255, PROTOCOL_MAX = 64 };
enum { FOR_XCLIENT = 1, FOR_XFORWARD = 2 };

enum attribute {
	ATTR_NAME, ATTR_REVERSE_NAME, ATTR_ADDR, ATTR_PORT, ATTR_HELO, ATTR_PROTO, ATTR_LOGIN, ATTR_DESTADDR, ATTR_DESTPORT,
	ATTR_IDENT, ATTR_SOURCE, ATTR_COUNT,
};

struct value {
	bool given, later;		/* later: the name could not be looked up now */
	struct view text;		/* "": unavailable */
	struct netaddr addr;
	uint16_t port;
};

struct attributes {
	struct arena arena;
	struct value values[ATTR_COUNT];
};

/* -- one value ---------------------------------------------------------------------------------------------------------- */

static bool
parse_name(struct value *value)
{
	return domain_valid_hostname(value->text, NULL);
}

static bool
parse_addr(struct value *value)
{
	struct view text = value->text, prefix = VIEW("IPV6:");

	if (view_starts_nocase(text, prefix))
		text = view_slice(text, prefix.len, text.len);
	return netaddr_parse(text, &value->addr);
}

static bool
parse_port(struct value *value)
{
	unsigned long long port;

	if (!view_number(value->text, &port) || port > UINT16_MAX)
		return false;
	value->port = (uint16_t)port;
	return true;
}

static bool
parse_protocol(struct value *value)
{
	return view_is_nocase(value->text, "SMTP") || view_is_nocase(value->text, "ESMTP");
}

static bool
parse_short(struct value *value)
{
	return value->text.len <= PROTOCOL_MAX;
}

static bool
parse_source(struct value *value)
{
	return view_is_nocase(value->text, "LOCAL") || view_is_nocase(value->text, "REMOTE");
}

static bool
parse_any(struct value *value)
{
	return true;
}

static const struct {
	const char *name;
	enum attribute which;
	unsigned commands;
	bool (*parse)(struct value *value);
} attributes[] = {
	{ "NAME",		ATTR_NAME,		FOR_XCLIENT | FOR_XFORWARD,	parse_name },
	{ "REVERSE_NAME",	ATTR_REVERSE_NAME,	FOR_XCLIENT,			parse_name },
	{ "ADDR",		ATTR_ADDR,		FOR_XCLIENT | FOR_XFORWARD,	parse_addr },
	{ "PORT",		ATTR_PORT,		FOR_XCLIENT | FOR_XFORWARD,	parse_port },
	{ "HELO",		ATTR_HELO,		FOR_XCLIENT | FOR_XFORWARD,	parse_any },
	{ "PROTO",		ATTR_PROTO,		FOR_XCLIENT,			parse_protocol },
	{ "PROTO",		ATTR_PROTO,		FOR_XFORWARD,			parse_short },
	{ "LOGIN",		ATTR_LOGIN,		FOR_XCLIENT,			parse_any },
	{ "DESTADDR",		ATTR_DESTADDR,		FOR_XCLIENT,			parse_addr },
	{ "DESTPORT",		ATTR_DESTPORT,		FOR_XCLIENT,			parse_port },
	{ "IDENT",		ATTR_IDENT,		FOR_XFORWARD,			parse_any },
	{ "SOURCE",		ATTR_SOURCE,		FOR_XFORWARD,			parse_source },
};

/* What is written into logs, headers and records is one line of printable text. */
static bool
decode(struct attributes *given, struct view encoded, struct value *value)
{
	struct buf text = BUF_INIT, clean = BUF_INIT;
	bool good = xtext_decode(&text, encoded);

	value->later = view_is_nocase(buf_view(&text), "[TEMPUNAVAIL]");
	if (good && !value->later && !view_is_nocase(buf_view(&text), "[UNAVAILABLE]")) {
		printable_put(&clean, buf_view(&text), '?', true);
		value->text = arena_view(&given->arena, buf_view(&clean));
	}
	buf_fini(&text);
	buf_fini(&clean);
	return good;
}

static bool
bad_value(struct session *session, const char *name, struct view text)
{
	return reply(session, 501, "5.5.4", "Bad %s syntax: %.*s", name, VIEW_ARG(text));
}

static bool
take_attribute(struct session *session, unsigned command, struct attributes *given, struct view name, struct view text)
{
	for (size_t i = 0; i < ARRAY_COUNT(attributes); i++) {
		struct value value = { .given = true };

		if ((attributes[i].commands & command) == 0 || !view_is_nocase(name, attributes[i].name))
			continue;
		if (!decode(given, text, &value))
			return bad_value(session, attributes[i].name, text);
		if (!view_empty(value.text) && !attributes[i].parse(&value))
			return bad_value(session, attributes[i].name, value.text);
		given->values[attributes[i].which] = value;
		return true;
	}
	return reply(session, 501, "5.5.4", "Bad %s attribute name: %.*s", session->where, VIEW_ARG(name));
}

static bool
take_attributes(struct session *session, unsigned command, struct view arguments, struct attributes *given)
{
	struct view word, name, text;

	while (view_word(&arguments, " \t", &word)) {
		if (!view_split(word, '=', &name, &text) || view_empty(name) || view_empty(text))
			return reply(session, 501, "5.5.4", "Error: attribute=value expected");
		if (text.len > VALUE_MAX)
			return reply(session, 501, "5.5.4", "Error: attribute value too long");
		if (!take_attribute(session, command, given, name, text))
			return false;
	}
	return true;
}

static bool
may_give(struct session *session, struct view arguments, bool allowed)
{
	if (view_empty(arguments))
		return reply(session, 501, "5.5.4", "Syntax: %s attribute=value...", session->where);
	return allowed || reply(session, 550, "5.7.0", "Error: insufficient authorization");
}

/* -- XCLIENT --------------------------------------------------------------------------------------------------------- */

static enum peer_name
status_of(const struct value *value)
{
	if (!view_empty(value->text))
		return PEER_NAME_GOOD;
	return value->later ? PEER_NAME_TEMPORARY : PEER_NAME_PERMANENT;
}

static void
change_names(struct peer *peer, const struct value *values)
{
	const struct value *name = &values[ATTR_NAME], *reverse = &values[ATTR_REVERSE_NAME];

	if (name->given)
		peer_set_name(peer, name->text, status_of(name));
	if (!reverse->given)
		reverse = name;
	if (reverse->given)
		peer_set_reverse_name(peer, reverse->text, status_of(reverse));
}

static void
change_addresses(struct peer *peer, const struct value *values)
{
	struct netaddr addr = values[ATTR_ADDR].given ? values[ATTR_ADDR].addr : peer->addr;
	struct netaddr server = values[ATTR_DESTADDR].given ? values[ATTR_DESTADDR].addr : peer->server;

	addr.port = values[ATTR_PORT].given ? values[ATTR_PORT].port : peer->addr.port;
	server.port = values[ATTR_DESTPORT].given ? values[ATTR_DESTPORT].port : peer->server.port;
	peer->server = server;
	peer_set_address(peer, &addr);
}

/* HELO and PROTO are as if the new client had greeted already; without them it has not. */
static void
change_greeting(struct session *session, const struct value *values)
{
	buf_set(&session->helo, values[ATTR_HELO].text);
	session->esmtp = values[ATTR_PROTO].given && view_is_nocase(values[ATTR_PROTO].text, "ESMTP");
}

static void
change_login(struct session *session, const struct value *login)
{
	if (!login->given)
		return;
	buf_set(&session->login_name, login->text);
	buf_set(&session->login_method, view_empty(login->text) ? VIEW_EMPTY : VIEW("XCLIENT"));
}

bool
cmd_xclient(struct session *session, struct view arguments)
{
	struct attributes given = { .arena = ARENA_INIT };
	bool good;

	if (!may_give(session, arguments, session->may_xclient))
		return false;
	good = take_attributes(session, FOR_XCLIENT, arguments, &given);
	if (good) {
		session_leave_client(session);
		change_names(&session->peer, given.values);
		change_addresses(&session->peer, given.values);
		change_greeting(session, given.values);
		change_login(session, &given.values[ATTR_LOGIN]);
		session_new_client(session);
		session_greet(session);
	}
	arena_fini(&given.arena);
	return good;
}

/* -- XFORWARD --------------------------------------------------------------------------------------------------------- */

static void
set_origin_address(struct origin *origin, const struct value *value)
{
	if (!value->given)
		return;
	buf_reset(&origin->address);
	buf_reset(&origin->rfc_address);
	if (view_empty(value->text))
		return;
	netaddr_put(&origin->address, &value->addr);
	buf_printf(&origin->rfc_address, "%s%s", value->addr.family == AF_INET6 ? "IPv6:" : "", buf_c(&origin->address));
}

static void
set_origin(struct origin *origin, const struct value *values)
{
	const struct {
		enum attribute which;
		struct buf *to;
	} texts[] = {
		{ ATTR_NAME, &origin->name }, { ATTR_PORT, &origin->port }, { ATTR_HELO, &origin->helo },
		{ ATTR_PROTO, &origin->protocol }, { ATTR_IDENT, &origin->ident },
	};

	origin->given = true;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (values[texts[i].which].given)
			buf_set(texts[i].to, values[texts[i].which].text);
	}
	set_origin_address(origin, &values[ATTR_ADDR]);
	if (!view_empty(values[ATTR_SOURCE].text))
		origin->source = view_is_nocase(values[ATTR_SOURCE].text, "LOCAL") ? ORIGIN_LOCAL : ORIGIN_REMOTE;
}

bool
cmd_xforward(struct session *session, struct view arguments)
{
	struct attributes given = { .arena = ARENA_INIT };
	bool good;

	if (!may_give(session, arguments, session->may_xforward))
		return false;
	good = take_attributes(session, FOR_XFORWARD, arguments, &given);
	if (good) {
		set_origin(&session->origin, given.values);
		reply(session, 250, "2.0.0", "Ok");
	}
	arena_fini(&given.arena);
	return good;
}

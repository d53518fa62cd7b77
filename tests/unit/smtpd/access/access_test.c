/* Lists are run in a small world: its resolver and its DNS are here, in place of those of the libraries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/dns.h"
#include "global/address/address.h"
#include "smtpd/access/access.h"
#include "smtpd/access/internal.h"
#include "util/log/log.h"

/* -- the world: where addresses go -------------------------------------------------------------------------------------- */

static const struct {
	const char *domain;
	enum resolve_class class;
	const char *transport, *nexthop;
} routes[] = {
	{ "example.test", RESOLVE_LOCAL, "local", "example.test" },
	{ "served.test", RESOLVE_RELAY, "relay", "served.test" },
	{ "error.test", RESOLVE_DEFAULT, "error", "5.1.6 gone away" },
	{ "retry.test", RESOLVE_DEFAULT, "retry", "4.2.0 come back" },
	{ "alias.test", RESOLVE_VIRTUAL_ALIAS, "error", "5.1.1 User unknown in virtual alias table" },
};

void
resolve_query(struct resolver *resolver, const struct resolve_request *request, struct resolve_reply *reply)
{
	struct view local = request->address, domain = VIEW("example.test");

	address_split(request->address, &local, &domain);
	*reply = (struct resolve_reply){ .domain_class = RESOLVE_DEFAULT, .transport = VIEW("smtp"), .nexthop = domain,
	    .recipient = request->address };
	if (view_is(domain, "broken.test"))
		reply->flags |= RESOLVE_FLAG_FAIL;
	if (view_find(local, '%') >= 0)
		reply->flags |= RESOLVE_FLAG_ROUTED;
	for (size_t i = 0; i < ARRAY_COUNT(routes); i++) {
		if (!view_is_nocase(domain, routes[i].domain))
			continue;
		reply->domain_class = (int)routes[i].class;
		reply->transport = view_string(routes[i].transport);
		reply->nexthop = view_string(routes[i].nexthop);
	}
}

/* -- the world: its DNS ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum dns_type type;
	enum dns_result result;
	const char *data;
} zone[] = {
	{ "evil.test", DNS_MX, DNS_FOUND, "mx.evil.test" },
	{ "mx.evil.test", DNS_A, DNS_FOUND, "203.0.113.1" },
	{ "sub.ns.test", DNS_NS, DNS_NO_NAME, NULL },		/* the server lies: the name has an address */
	{ "sub.ns.test", DNS_A, DNS_FOUND, "192.0.2.9" },
	{ "ns.test", DNS_NS, DNS_FOUND, "mx.evil.test" },
	{ "hostonly.test", DNS_MX, DNS_NO_DATA, NULL },
	{ "hostonly.test", DNS_A, DNS_FOUND, "203.0.113.1" },
	{ "nomail.test", DNS_MX, DNS_FOUND, "" },
	{ "later.test", DNS_MX, DNS_AGAIN, NULL },
	{ "7.2.0.192.bl.test", DNS_A, DNS_FOUND, "127.0.0.4" },
	{ "7.2.0.192.bl.test", DNS_TXT, DNS_FOUND, "a reason" },
	{ "7.2.0.192.silent.test", DNS_A, DNS_FOUND, "127.0.0.4" },
	{ "7.2.0.192.down.test", DNS_A, DNS_AGAIN, NULL },
};

enum dns_result
dns_lookup(const char *name, enum dns_type type, struct arena *arena, struct dns_answer *out, struct buf *why)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < ARRAY_COUNT(zone); i++) {
		if (strcmp(zone[i].name, name) != 0 || zone[i].type != type)
			continue;
		why_set(why, "so it is");
		if (zone[i].result != DNS_FOUND)
			return zone[i].result;
		out->records = arena_alloc(arena, sizeof(*out->records));
		out->count = 1;
		out->records->type = type;
		out->records->name = out->records->data = view_string(zone[i].data);
		netaddr_parse(view_string(zone[i].data), &out->records->addr);
		return DNS_FOUND;
	}
	why_set(why, "Host not found");
	return DNS_NO_NAME;
}

/* -- one question --------------------------------------------------------------------------------------------------------- */

static struct buf log_text;

static void
keep(enum log_level level, struct view text, void *arg)
{
	buf_printf(&log_text, "%s%.*s\n", log_prefix(level), VIEW_ARG(text));
	if (level >= LOG_LEVEL_FATAL)
		print_error("%.*s\n", VIEW_ARG(text));
}

struct setting {
	const char *name, *value;
};

enum { SETTINGS_MAX = 4 };

struct question {
	const char *name;
	struct setting settings[SETTINGS_MAX];
	const char *recipient, *sender;		/* "a@example.test", "s@example.org" */
	bool (*stage)(struct access *, const struct access_facts *, struct access_verdict *);	/* access_rcpt */
	unsigned accepted;
	const char *reply;			/* "code dsn text", NULL: may go on */
	const char *logged;			/* must stand in the log */
};

static const struct table_env env = { .utf8 = true, .default_type = "hash" };

static struct access *
open_access(const struct setting *settings, struct config **out)
{
	static const struct setting world[] = {
		{ "compatibility_level", "3.11" }, { "mynetworks", "127.0.0.0/8" }, { "local_recipient_maps", "inline:{a=1, listed=1}" },
		{ "sender_canonical_maps", "inline:{old@example.test=a@example.test}" }, { "myhostname", "mail.example.test" },
		{ "virtual_alias_maps", "inline:{x@alias.test=a@example.test}" },
	};
	struct config *config = *out = config_empty("/nowhere");

	for (size_t i = 0; i < ARRAY_COUNT(world); i++)
		config_override(config, view_string(world[i].name), view_string(world[i].value));
	for (size_t i = 0; i < SETTINGS_MAX && settings[i].name != NULL; i++)
		config_override(config, view_string(settings[i].name), view_string(settings[i].value));
	return access_open(&env, config, NULL);
}

static struct view
or_default(const char *text, const char *otherwise)
{
	return view_string(text != NULL ? text : otherwise);
}

static void
make_peer(struct peer *peer)
{
	memset(peer, 0, sizeof(*peer));
	netaddr_parse(VIEW("192.0.2.7"), &peer->addr);
	buf_puts(&peer->name, "unknown");
	buf_puts(&peer->reverse_name, "unknown");
	buf_puts(&peer->address, "192.0.2.7");
	buf_puts(&peer->namaddr, "unknown[192.0.2.7]");
	peer->name_status = peer->reverse_status = PEER_NAME_PERMANENT;
}

static void
free_peer(struct peer *peer)
{
	buf_fini(&peer->name);
	buf_fini(&peer->reverse_name);
	buf_fini(&peer->address);
	buf_fini(&peer->namaddr);
}

static void
compare(const struct question *q, bool passed, const struct access_verdict *verdict)
{
	struct buf reply = BUF_INIT;

	if (!passed)
		buf_printf(&reply, "%d %s %s", verdict->code, verdict->dsn, buf_c(&verdict->text));
	if (strcmp(buf_c(&reply), q->reply != NULL ? q->reply : "") != 0)
		fail_msg("%s: \"%s\"", q->name, buf_c(&reply));
	if (q->logged != NULL && strstr(buf_c(&log_text), q->logged) == NULL)
		fail_msg("%s: log: %s", q->name, buf_c(&log_text));
	buf_fini(&reply);
}

static void
ask(const struct question *q)
{
	struct config *config;
	struct access *access = open_access(q->settings, &config);
	struct access_verdict verdict = { 0 };
	struct access_actions actions = { 0 };
	struct arena arena = ARENA_INIT;
	struct buf instance = BUF_INIT;
	struct peer peer;
	struct access_facts facts = { .stage = "RCPT", .peer = &peer, .has_sender = true, .has_recipient = true,
	    .protocol = "ESMTP", .recipient_count = q->accepted, .arena = &arena, .actions = &actions, .instance = &instance };

	make_peer(&peer);
	buf_reset(&log_text);
	facts.sender = or_default(q->sender, "s@example.org");
	facts.recipient = or_default(q->recipient, "a@example.test");
	compare(q, (q->stage != NULL ? q->stage : access_rcpt)(access, &facts, &verdict), &verdict);
	access_close(access);
	config_free(config);
	arena_fini(&arena);
	buf_fini(&verdict.text);
	buf_fini(&instance);
	free_peer(&peer);
}

#define RCPT(list)	{ { "smtpd_recipient_restrictions", list } }
#define SENDER(list)	{ { "smtpd_sender_restrictions", list } }
#define CLIENT(list)	{ { "smtpd_client_restrictions", list } }

static const struct question questions[] = {
	{ "strangers may write to us", {{ 0 }} },
	{ "strangers may not relay", {{ 0 }}, "u@elsewhere.test", .reply = "454 4.7.1 <u@elsewhere.test>: Relay access denied" },
	{ "nor by a route", {{ 0 }}, "u%elsewhere.test@example.test",
	    .reply = "454 4.7.1 <u%elsewhere.test@example.test>: Relay access denied" },
	{ "but to whom we serve", {{ 0 }}, "u@served.test" },
	{ "a resolver in trouble", {{ 0 }}, "u@broken.test", .reply = "451 4.3.0 <u@broken.test>: Temporary lookup failure" },
	{ "postmaster", RCPT("reject"), "postmaster" },
	{ "unknown user", {{ 0 }}, "b@example.test",
	    .reply = "550 5.1.1 <b@example.test>: Recipient address rejected: User unknown in local recipient table" },
	{ "unknown alias", {{ 0 }}, "b@alias.test",
	    .reply = "550 5.1.1 <b@alias.test>: Recipient address rejected: User unknown in virtual alias table" },
	{ "known alias", {{ 0 }}, "x@alias.test" },
	{ "reject", RCPT("reject"), .reply = "554 5.7.1 <a@example.test>: Recipient address rejected: Access denied",
	    .logged = "NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 <a@example.test>: Recipient address rejected: "
	    "Access denied; from=<s@example.org> to=<a@example.test> proto=ESMTP" },
	{ "defer", RCPT("defer"), .reply = "450 4.3.2 <a@example.test>: Recipient address rejected: Try again later" },
	{ "warn_if_reject", RCPT("warn_if_reject reject"), .logged = "NOQUEUE: reject_warning: RCPT" },
	{ "no keyword", RCPT("no_such_thing"),
	    .reply = "451 4.3.5 Server configuration error",
	    .logged = "warning: unknown smtpd restriction: \"no_such_thing\"" },
	{ "a word of old times", RCPT("check_relay_domains"), .reply = "451 4.3.5 Server configuration error",
	    .logged = "warning: support for restriction \"check_relay_domains\" has been removed in Postfix 3.9; instead, specify "
	    "\"reject_unauth_destination\"" },
	{ "a class", { { "smtpd_restriction_classes", "picky" }, { "picky", "reject_non_fqdn_sender" },
	    { "smtpd_recipient_restrictions", "picky" } }, .sender = "s",
	    .reply = "504 5.5.2 <s>: Sender address rejected: need fully-qualified address" },
	/* access tables */
	{ "table", RCPT("check_recipient_access inline:{{a@example.test = REJECT not you}}"),
	    .reply = "554 5.7.1 <a@example.test>: Recipient address rejected: not you" },
	{ "patterns see lower case", RCPT("check_recipient_access regexp:{{/^y(.*)@/ 450 $$1}}"), "Yab@example.test",
	    .reply = "450 4.7.1 <Yab@example.test>: Recipient address rejected: ab" },
	{ "SM18 no text", RCPT("check_recipient_access static:{REJECT 5.7.2}"),
	    .reply = "554 5.7.2 <a@example.test>: Recipient address rejected: Access denied" },
	{ "SM18 code, no text", RCPT("check_recipient_access static:{550 5.7.2}"),
	    .reply = "550 5.7.2 <a@example.test>: Recipient address rejected: Access denied" },
	{ "class digit follows the code", RCPT("check_recipient_access static:{450 5.7.2 x}"),
	    .reply = "450 4.7.2 <a@example.test>: Recipient address rejected: x" },
	{ "address code for a sender", SENDER("static:{550 5.1.1 x}"),
	    .reply = "550 5.1.7 <s@example.org>: Sender address rejected: x" },
	{ "digits permit", RCPT("check_recipient_access static:1234, reject") },
	{ "table in trouble", RCPT("check_recipient_access fail:now"),
	    .reply = "451 4.3.5 <a@example.test>: Recipient address rejected: Server configuration error" },
	{ "networks in trouble", { { "smtpd_relay_restrictions", "permit_mx_backup, reject" }, { "proxy_interfaces", "203.0.113.1" },
	    { "permit_mx_backup_networks", "fail:now" } }, "a@evil.test",
	    .reply = "450 4.4.4 <a@evil.test>: Recipient address rejected: Unable to look up mail exchanger information for "
	    "evil.test" },
	{ "null sender", SENDER("check_sender_access inline:{{<> = REJECT null}}"), .sender = "",
	    .reply = "554 5.7.1 <>: Sender address rejected: null" },
	{ "network key", CLIENT("check_client_access inline:{{192.0.2 = REJECT net}}"),
	    .reply = "554 5.7.1 <unknown[192.0.2.7]>: Client host rejected: net" },
	/* marks */
	{ "defer_if_permit", RCPT("defer_if_permit"),
	    .reply = "450 4.7.0 <a@example.test>: Recipient address rejected: defer_if_permit requested" },
	{ "defer_if_permit, then a reject", RCPT("defer_if_permit, reject"),
	    .reply = "554 5.7.1 <a@example.test>: Recipient address rejected: Access denied" },
	{ "defer_if_reject, then a reject", RCPT("defer_if_reject, reject"),
	    .reply = "450 4.7.0 <a@example.test>: Recipient address rejected: defer_if_reject requested" },
	{ "defer_if_reject alone", RCPT("defer_if_reject") },
	{ "both marks", RCPT("defer_if_permit, defer_if_reject, permit"),
	    .reply = "450 4.7.0 <a@example.test>: Recipient address rejected: defer_if_permit requested" },
	/* what other servers got wrong */
	{ "SM19 a warned check is not done", RCPT("warn_if_reject reject_unlisted_recipient"), "b@example.test",
	    .reply = "550 5.1.1 <b@example.test>: Recipient address rejected: User unknown in local recipient table" },
	{ "SM20 sender known by canonical only", SENDER("reject_unlisted_sender"), .sender = "old@example.test" },
	{ "unlisted sender", SENDER("reject_unlisted_sender"), .sender = "b@example.test",
	    .reply = "550 5.1.0 <b@example.test>: Sender address rejected: User unknown in local recipient table" },
	{ "SM20 error transport", { { "mynetworks", "192.0.2.0/24" } }, "u@error.test",
	    .reply = "550 5.1.6 <u@error.test>: Recipient address rejected: gone away" },
	{ "SM20 retry transport", { { "mynetworks", "192.0.2.0/24" } }, "u@retry.test",
	    .reply = "450 4.2.0 <u@retry.test>: Recipient address rejected: come back" },
	{ "SM22 bounce for one, at RCPT", RCPT("reject_multi_recipient_bounce"), .sender = "" },
	{ "SM22 bounce for two, at RCPT", RCPT("reject_multi_recipient_bounce"), .sender = "", .accepted = 1,
	    .reply = "550 5.5.3 <a@example.test>: Recipient address rejected: Multi-recipient bounce" },
	{ "SM22 bounce for one, at DATA", { { "smtpd_data_restrictions", "reject_multi_recipient_bounce" } }, .sender = "",
	    .stage = access_data, .accepted = 1 },
	{ "SM22 bounce for two, at DATA", { { "smtpd_data_restrictions", "reject_multi_recipient_bounce" } }, .sender = "",
	    .stage = access_data, .accepted = 2, .reply = "550 5.5.3 <DATA>: Data command rejected: Multi-recipient bounce" },
	/* the DNS */
	{ "mail exchanger", SENDER("check_sender_mx_access inline:{{203.0.113 = REJECT mx}}"), .sender = "s@evil.test",
	    .reply = "554 5.7.1 <s@evil.test>: Sender address rejected: mx" },
	{ "its name", SENDER("check_sender_mx_access inline:{{evil.test = REJECT mx}}"), .sender = "s@evil.test",
	    .reply = "554 5.7.1 <s@evil.test>: Sender address rejected: mx" },
	{ "host without one", SENDER("check_sender_mx_access inline:{{203.0.113 = REJECT mx}}"), .sender = "s@hostonly.test",
	    .reply = "554 5.7.1 <s@hostonly.test>: Sender address rejected: mx" },
	{ "null MX", SENDER("check_sender_mx_access static:REJECT"), .sender = "s@nomail.test" },
	{ "DN7 server of the parent", SENDER("check_sender_ns_access inline:{{203.0.113 = REJECT ns}}"), .sender = "s@sub.ns.test",
	    .reply = "554 5.7.1 <s@sub.ns.test>: Sender address rejected: ns" },
	{ "AD10 literal", SENDER("check_sender_a_access inline:{{203.0.113 = REJECT lit}}"), .sender = "s@[203.0.113.9]",
	    .reply = "554 5.7.1 <s@[203.0.113.9]>: Sender address rejected: lit" },
	{ "AD10 literal, IPv6", SENDER("check_sender_a_access inline:{{2001:db8 = REJECT lit}}"), .sender = "s@[ipv6:2001:db8::1]",
	    .reply = "554 5.7.1 <s@[ipv6:2001:db8::1]>: Sender address rejected: lit" },
	{ "no OK for servers", SENDER("check_sender_mx_access static:OK"), .sender = "s@evil.test",
	    .reply = "451 4.3.5 <s@evil.test>: Sender address rejected: Server configuration error",
	    .logged = "check_sender_mx_access returns OK for s@evil.test" },
	{ "DNS in trouble is no match", SENDER("check_sender_mx_access static:REJECT"), .sender = "s@later.test" },
	{ "unknown domain", SENDER("reject_unknown_sender_domain"), .sender = "s@nowhere.test",
	    .reply = "450 4.1.8 <s@nowhere.test>: Sender address rejected: Domain not found" },
	{ "domain without mail", SENDER("reject_unknown_sender_domain"), .sender = "s@nomail.test",
	    .reply = "550 5.7.27 <s@nomail.test>: Sender address rejected: Domain nomail.test does not accept mail (nullMX)" },
	{ "block list", CLIENT("reject_rbl_client bl.test"),
	    .reply = "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using bl.test; a reason" },
	{ "block list without reason", CLIENT("reject_rbl_client silent.test"),
	    .reply = "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using silent.test" },
	{ "block list with pattern", CLIENT("reject_rbl_client bl.test=127.0.0.[2;5..9]") },
	{ "block list in trouble", CLIENT("reject_rbl_client down.test"), .logged = "RBL lookup error" },
	{ "SM18 reply without text", { { "smtpd_client_restrictions", "reject_rbl_client bl.test" },
	    { "default_rbl_reply", "$rbl_code 5.7.2" } }, .reply = "554 5.7.2 Service unavailable" },
	{ "welcome list in trouble", CLIENT("permit_dnswl_client down.test, reject"),
	    .reply = "450 4.7.1 <unknown[192.0.2.7]>: Client host rejected: Service unavailable" },
	/* logins */
	{ "owned address", { { "smtpd_sender_restrictions", "reject_sender_login_mismatch" },
	    { "smtpd_sender_login_maps", "inline:{s@example.org=joe}" } },
	    .reply = "553 5.7.1 <s@example.org>: Sender address rejected: not logged in" },
	{ "permits are logged", { { "smtpd_recipient_restrictions", "permit" }, { "smtpd_log_access_permit_actions", "static:all" } },
	    .logged = "NOQUEUE: permit: RCPT from unknown[192.0.2.7]: action=permit for Recipient address=a@example.test; from=" },
};

static void
test_lists(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(questions); i++)
		ask(&questions[i]);
}

static const struct {
	const char *pattern, *addr;
	bool good, match;
} patterns[] = {
	{ "127.0.0.2",			"127.0.0.2",	true,	true },
	{ "127.0.0.2",			"127.0.0.3",	true,	false },
	{ "127.0.0.[2;4;6..8]",		"127.0.0.7",	true,	true },
	{ "127.0.0.[2;4;6..8]",		"127.0.0.5",	true,	false },
	{ "127.0.[0..1].[1..3]",	"127.0.1.3",	true,	true },
	{ "127.0.0",			"127.0.0.2",	false,	false },
	{ "127.0.0.2.1",		"127.0.0.2",	false,	false },
	{ "127.0.0.[2",			"127.0.0.2",	false,	false },
	{ "127.0.0.256",		"127.0.0.2",	false,	false },
	{ "127.0.0.[]",			"127.0.0.2",	false,	false },
	{ "",				"127.0.0.2",	false,	false },
};

static void
test_patterns(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(patterns); i++) {
		struct netaddr addr;
		bool match = false, good;

		netaddr_parse(view_string(patterns[i].addr), &addr);
		good = blocklist_pattern_match(view_string(patterns[i].pattern), &addr, &match);
		if (good != patterns[i].good || (good && match != patterns[i].match))
			fail_msg("%s %s", patterns[i].pattern, patterns[i].addr);
	}
}

static int
start(void **state)
{
	log_to_syslog(false);
	log_add_sink(keep, NULL);
	return 0;
}

static int
finish(void **state)
{
	buf_fini(&log_text);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_patterns),
	};

	return cmocka_run_group_tests(tests, start, finish);
}

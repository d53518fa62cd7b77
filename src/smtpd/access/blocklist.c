/* blocklist: lists that are kept in the DNS, of addresses (RFC 5782) and of names; and lists of the good ones. */
#include "dns/dns.h"
#include "global/address/address.h"
#include "smtpd/access/internal.h"
#include "util/log/log.h"

struct blocklist {
	struct view domain;		/* "bl.example" */
	struct view pattern;		/* "127.0.0.[2;4..6]", or "": any answer */
};

/* "domain" or "domain=pattern" */
static struct blocklist
blocklist_of(struct view word)
{
	struct blocklist list = { word, VIEW_EMPTY };

	view_split(word, '=', &list.domain, &list.pattern);
	return list;
}

/* -- patterns: a.b.c.d, where each is a number or [number;number..number] ------------------------------------------------ */

static bool
number(struct cursor *in, unsigned *out)
{
	uint64_t value;

	if (!cursor_u64(in, &value) || value > UINT8_MAX)
		return false;
	*out = (unsigned)value;
	return true;
}

/* number [ ".." number ] */
static bool
range(struct cursor *in, unsigned value, bool *match)
{
	unsigned from, to;

	if (!number(in, &from))
		return false;
	to = from;
	if (cursor_literal(in, VIEW("..")) && !number(in, &to))
		return false;
	*match = *match || (value >= from && value <= to);
	return true;
}

static bool
field(struct cursor *in, unsigned value, bool *match)
{
	unsigned wanted;

	*match = false;
	if (!cursor_byte(in, '[')) {
		if (!number(in, &wanted))
			return false;
		*match = wanted == value;
		return true;
	}
	do {
		if (!range(in, value, match))
			return false;
	} while (cursor_byte(in, ';'));
	return cursor_byte(in, ']');
}

bool
blocklist_pattern_match(struct view pattern, const struct netaddr *addr, bool *match)
{
	struct cursor in = cursor_of(pattern);
	bool one;

	*match = addr->family == AF_INET;
	for (int i = 0; i < 4; i++) {
		if ((i > 0 && !cursor_byte(&in, '.')) || !field(&in, addr->bytes[i], &one))
			return false;
		*match = *match && one;
	}
	return cursor_done(&in);
}

/* -- asking ------------------------------------------------------------------------------------------------------------------ */

static bool
answer_counts(struct access_run *run, const struct blocklist *list, const struct dns_answer *answer)
{
	bool match;

	for (size_t i = 0; i < answer->count; i++) {
		if (view_empty(list->pattern))
			return true;
		if (!blocklist_pattern_match(list->pattern, &answer->records[i].addr, &match)) {
			log_warn("%s: bad filter: %.*s", run->list, VIEW_ARG(list->pattern));
			return false;
		}
		if (match)
			return true;
	}
	return false;
}

static enum lookup
ask(struct access_run *run, const struct blocklist *list, const char *name)
{
	struct dns_answer answer;
	struct buf why = BUF_INIT;
	enum dns_result result = dns_lookup(name, DNS_A, run->arena, &answer, &why);
	enum lookup found = LOOKUP_NONE;

	if (result == DNS_FOUND) {
		found = answer_counts(run, list, &answer) ? LOOKUP_FOUND : LOOKUP_NONE;
	} else if (result != DNS_NO_NAME && result != DNS_NO_DATA) {
		log_warn("%s: RBL lookup error: %s", name, buf_c(&why));
		found = LOOKUP_RETRY;
	}
	buf_fini(&why);
	return found;
}

/* "1.2.0.192.bl.example", "1.0.0.…8.b.d.0.1.0.0.2.bl.example" */
static const char *
reversed(struct access_run *run, const struct netaddr *addr, struct view domain)
{
	struct buf name = BUF_INIT;
	const char *copy;

	if (addr->family != AF_INET && addr->family != AF_INET6)
		return NULL;
	for (int i = addr->family == AF_INET ? 3 : 15; i >= 0; i--) {
		if (addr->family == AF_INET)
			buf_printf(&name, "%u.", addr->bytes[i]);
		else
			buf_printf(&name, "%x.%x.", addr->bytes[i] & 0xf, addr->bytes[i] >> 4);
	}
	buf_putv(&name, domain);
	copy = arena_string(run->arena, buf_view(&name));
	buf_fini(&name);
	return copy;
}

/* -- refusing ---------------------------------------------------------------------------------------------------------------- */

static struct view
reason(struct access_run *run, const char *name)
{
	struct dns_answer answer;

	return dns_lookup(name, DNS_TXT, run->arena, &answer, NULL) == DNS_FOUND ? answer.records[0].data : VIEW_EMPTY;
}

/* "code X.Y.Z text", the enhanced code may be missing; SM18: so may the text */
static enum outcome
refuse_with(struct access_run *run, struct view text)
{
	struct view word, rest = text;
	char dsn[DSN_STATUS_SIZE] = "5.7.1";
	unsigned long long code;

	if (!view_word(&rest, " ", &word) || !view_number(word, &code) || code < 400 || code > 599) {
		log_warn("reply about a block list: \"%.*s\": a code is needed", VIEW_ARG(text));
		return refuse(run, 450, "4.7.1", "Service unavailable");
	}
	rest = view_trim(rest);
	dsn_split(rest, dsn, &rest);
	return refuse(run, (int)code, dsn, "%.*s", VIEW_ARG(view_empty(rest) ? VIEW("Service unavailable") : rest));
}

static const char *
template_for(struct access_run *run, const struct blocklist *list, struct buf *value, bool *failed)
{
	enum lookup found = LOOKUP_NONE;

	if (!maps_empty(run->access->rbl_replies))
		found = maps_lookup(run->access->rbl_replies, list->domain, false, value, NULL);
	*failed = found == LOOKUP_RETRY;
	return found == LOOKUP_FOUND ? buf_c(value) : run->config->rbl_reply;
}

static enum outcome
refuse_listed(struct access_run *run, const struct blocklist *list, const char *name, struct view what, enum subject subject)
{
	struct view why = reason(run, name), code = arena_printf(run->arena, "%d", run->config->rbl_code);
	const struct access_name names[] = {
		{ "rbl_code", code }, { "rbl_class", view_string(subject_class(subject)) }, { "rbl_what", what },
		{ "rbl_domain", list->domain }, { "rbl_reason", why }, { "rbl_txt", why },
	};
	struct buf value = BUF_INIT, text = BUF_INIT;
	bool failed;
	const char *template = template_for(run, list, &value, &failed);
	enum outcome outcome;

	if (failed || !access_expand(run->access, run->facts, names, ARRAY_COUNT(names), template, &text))
		outcome = refuse(run, 450, "4.7.1", "Service unavailable");
	else
		outcome = refuse_with(run, buf_view(&text));
	buf_fini(&value);
	buf_fini(&text);
	return outcome;
}

/* A list that cannot be asked now lists nobody. */
static enum outcome
block(struct access_run *run, const struct rule *rule, const char *name, struct view what, enum subject subject)
{
	struct blocklist list = blocklist_of(rule->word);

	if (name == NULL || ask(run, &list, name) != LOOKUP_FOUND)
		return ACCESS_NEXT;
	return refuse_listed(run, &list, name, what, subject);
}

/* Whom we would have welcomed, had the list answered, must not be refused for good. */
static enum outcome
welcome(struct access_run *run, const struct rule *rule, const char *name)
{
	struct blocklist list = blocklist_of(rule->word);

	if (name == NULL)
		return ACCESS_NEXT;
	switch (ask(run, &list, name)) {
	case LOOKUP_FOUND:
		return ACCESS_PERMIT;
	case LOOKUP_RETRY:
		set_mark(&run->if_reject, run->arena, 450, "4.7.1", arena_printf(run->arena, "<%s>: %s rejected: Service unavailable",
		    buf_c(&run->facts->peer->namaddr), subject_class(SUBJECT_CLIENT)));
		return ACCESS_NEXT;
	case LOOKUP_NONE:
		break;
	}
	return ACCESS_NEXT;
}

/* -- addresses ------------------------------------------------------------------------------------------------------------- */

enum outcome
check_rbl_client(struct access_run *run, const struct rule *rule)
{
	const struct peer *peer = run->facts->peer;
	const char *name = reversed(run, &peer->addr, blocklist_of(rule->word).domain);

	return block(run, rule, name, buf_view(&peer->address), SUBJECT_CLIENT);
}

enum outcome
check_dnswl_client(struct access_run *run, const struct rule *rule)
{
	return welcome(run, rule, reversed(run, &run->facts->peer->addr, blocklist_of(rule->word).domain));
}

/* -- names ------------------------------------------------------------------------------------------------------------------ */

/* NULL: nothing that could be in such a list */
static const char *
listed_name(struct access_run *run, const struct rule *rule, struct view name)
{
	struct buf ascii = BUF_INIT;
	const char *whole = NULL;

	if (!view_empty(name) && name.data[0] != '[' && domain_to_ascii(name, &ascii))
		whole = arena_printf(run->arena, "%s.%.*s", buf_c(&ascii), VIEW_ARG(blocklist_of(rule->word).domain)).data;
	buf_fini(&ascii);
	return whole;
}

static struct view
known_name(const struct buf *name)
{
	return view_is(buf_view(name), "unknown") ? VIEW_EMPTY : buf_view(name);
}

static enum outcome
block_address(struct access_run *run, const struct rule *rule, bool has, struct view address, enum subject subject)
{
	struct view local, domain;

	if (!has || !address_split(address, &local, &domain))
		return ACCESS_NEXT;
	return block(run, rule, listed_name(run, rule, domain), subject_name(run, subject), subject);
}

enum outcome
check_rhsbl_client(struct access_run *run, const struct rule *rule)
{
	struct view name = known_name(&run->facts->peer->name);

	return block(run, rule, listed_name(run, rule, name), name, SUBJECT_CLIENT);
}

enum outcome
check_rhsbl_reverse_client(struct access_run *run, const struct rule *rule)
{
	struct view name = known_name(&run->facts->peer->reverse_name);

	return block(run, rule, listed_name(run, rule, name), name, SUBJECT_REVERSE_CLIENT);
}

enum outcome
check_rhswl_client(struct access_run *run, const struct rule *rule)
{
	return welcome(run, rule, listed_name(run, rule, known_name(&run->facts->peer->name)));
}

enum outcome
check_rhsbl_helo(struct access_run *run, const struct rule *rule)
{
	struct view name = run->facts->has_helo ? run->facts->helo : VIEW_EMPTY;

	return block(run, rule, listed_name(run, rule, name), name, SUBJECT_HELO);
}

enum outcome
check_rhsbl_sender(struct access_run *run, const struct rule *rule)
{
	return block_address(run, rule, run->facts->has_sender, run->facts->sender, SUBJECT_SENDER);
}

enum outcome
check_rhsbl_recipient(struct access_run *run, const struct rule *rule)
{
	return block_address(run, rule, run->facts->has_recipient, run->facts->recipient, SUBJECT_RECIPIENT);
}

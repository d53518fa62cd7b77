/* destination: where a recipient goes, whether that is our business, and whether there is such a mailbox. */
#include "global/address/address.h"
#include "global/address/mail_maps.h"
#include "global/client/verify.h"
#include "global/config/compatibility.h"
#include "smtpd/access/internal.h"

bool
resolve_for(struct access_run *run, struct view address, struct resolve_reply *out)
{
	struct resolve_request request = { .sender = run->facts->sender, .address = address };

	if (!run->has_resolved || !view_equal(run->resolved_address, address)) {
		resolve_query(run->access->resolver, &request, &run->resolved);
		run->resolved_address = arena_view(run->arena, address);
		run->has_resolved = true;
	}
	*out = run->resolved;
	return (out->flags & RESOLVE_FLAG_FAIL) == 0;
}

static void
warn_relay_domain(const struct resolve_reply *resolved)
{
	struct view local, domain;

	if (address_split(resolved->recipient, &local, &domain))
		compatibility_log("relay_domains=$mydestination to accept mail for domain \"%.*s\"", VIEW_ARG(domain));
}

/* Routing that strangers put into the local part would make a final destination a relay. */
static bool
is_ours(const struct access_run *run, const struct resolve_reply *resolved)
{
	if ((resolved->flags & RESOLVE_FLAG_ERROR) != 0)
		return false;
	if ((resolved->flags & RESOLVE_FLAG_ROUTED) != 0 && !run->config->allow_untrusted_routing)
		return false;
	if (resolved->domain_class == RESOLVE_RELAY && run->config->old_relay_domains)
		warn_relay_domain(resolved);
	return resolved->domain_class != RESOLVE_DEFAULT;
}

enum outcome
check_auth_destination(struct access_run *run, const struct rule *rule)
{
	struct resolve_reply resolved;

	if (!run->facts->has_recipient)
		return ACCESS_NEXT;
	if (!resolve_for(run, run->facts->recipient, &resolved))
		return refuse_lookup(run, subject_name(run, SUBJECT_RECIPIENT));
	return is_ours(run, &resolved) ? ACCESS_PERMIT : ACCESS_NEXT;
}

static enum outcome
unauth_destination(struct access_run *run, int code)
{
	struct resolve_reply resolved;

	if (!run->facts->has_recipient)
		return ACCESS_NEXT;
	if (!resolve_for(run, run->facts->recipient, &resolved))
		return refuse_lookup(run, subject_name(run, SUBJECT_RECIPIENT));
	if (is_ours(run, &resolved))
		return ACCESS_NEXT;
	return refuse(run, code, "5.7.1", "<%.*s>: Relay access denied", VIEW_ARG(subject_name(run, SUBJECT_RECIPIENT)));
}

enum outcome
check_unauth_destination(struct access_run *run, const struct rule *rule)
{
	return unauth_destination(run, run->config->relay_code);
}

enum outcome
check_defer_unauth_destination(struct access_run *run, const struct rule *rule)
{
	return unauth_destination(run, run->config->relay_code >= 500 ? run->config->relay_code - 100 : run->config->relay_code);
}

/* -- is there such a mailbox? ------------------------------------------------------------------------------------------------ */

struct mailbox_class {
	const char *table;			/* "local recipient table" */
	struct maps *maps;
	int code;
	bool may_be_empty;			/* no table: all are welcome */
};

static struct mailbox_class
mailbox_class(const struct access *access, int domain_class)
{
	const struct access_config *config = &access->config;

	switch (domain_class) {
	case RESOLVE_LOCAL:
		return (struct mailbox_class){ "local recipient table", access->local_recipients, config->local_code, true };
	case RESOLVE_VIRTUAL_ALIAS:
		return (struct mailbox_class){ "virtual alias table", access->virtual_aliases, config->virtual_alias_code, false };
	case RESOLVE_VIRTUAL_MAILBOX:
		return (struct mailbox_class){ "virtual mailbox table", access->virtual_mailboxes, config->virtual_mailbox_code, true };
	case RESOLVE_RELAY:
		return (struct mailbox_class){ "relay recipient table", access->relay_recipients, config->relay_recipient_code, true };
	default:
		return (struct mailbox_class){ NULL, NULL, 0, true };
	}
}

static enum lookup
listed_in(const struct access_run *run, struct maps *maps, struct view address, bool is_local)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_USER | ADDRESS_KEY_AT_DOMAIN;
	struct buf value = BUF_INIT;
	enum lookup found = LOOKUP_NONE;

	if (!maps_empty(maps))
		found = mail_maps_lookup(maps, address, run->config->recipient_delimiter, keys, is_local, &value, NULL, NULL);
	buf_fini(&value);
	return found;
}

/* All tables that cleanup would ask before delivery does. asked: the last one of them. */
static enum lookup
is_rewritten(const struct access_run *run, struct view address, enum subject subject, bool is_local, struct maps **asked)
{
	const struct access *access = run->access;
	struct maps *const tables[] = {
		subject == SUBJECT_SENDER ? access->sender_canonical : access->recipient_canonical,
		access->canonical, access->virtual_aliases,
	};
	enum lookup found = LOOKUP_NONE;

	for (size_t i = 0; i < ARRAY_COUNT(tables) && found == LOOKUP_NONE; i++) {
		*asked = tables[i];
		found = listed_in(run, tables[i], address, is_local);
	}
	return found;
}

static enum outcome
user_unknown(struct access_run *run, enum subject subject, const struct mailbox_class *class)
{
	return refuse(run, class->code, subject == SUBJECT_SENDER ? "5.1.0" : "5.1.1", "<%.*s>: %s rejected: User unknown%s%s",
	    VIEW_ARG(subject_name(run, subject)), subject_class(subject), run->config->show_table_name ? " in " : "",
	    run->config->show_table_name ? class->table : "");
}

/* Transports that only say no: error: is for ever, retry: is for now. */
static enum outcome
refuse_transport(struct access_run *run, enum subject subject, const struct resolve_reply *resolved)
{
	bool for_now = view_is(resolved->transport, "retry");
	char dsn[DSN_STATUS_SIZE];
	struct view text = resolved->nexthop;

	if (!dsn_split(resolved->nexthop, dsn, &text))
		snprintf(dsn, sizeof(dsn), "%s", for_now ? "4.1.1" : "5.1.1");
	subject_map_dsn(subject, dsn);
	return refuse(run, for_now ? 450 : 550, dsn, "<%.*s>: %s rejected: %.*s", VIEW_ARG(subject_name(run, subject)),
	    subject_class(subject), VIEW_ARG(view_empty(text) ? VIEW("undeliverable address") : text));
}

bool
access_always_there(const struct access_run *run, struct view address)
{
	const struct access_config *config = run->config;
	struct verify_sender probes = { config->verify_sender, config->myorigin, config->verify_sender_ttl_sec };
	struct view local = address, domain;

	address_split(address, &local, &domain);
	return view_empty(address) || view_is_nocase(local, config->double_bounce_sender)
	    || verify_sender_is(&probes, clock_wall().tv_sec, address);
}

static enum outcome
judge(struct access_run *run, enum subject subject, const struct resolve_reply *resolved, struct view address)
{
	struct mailbox_class class = mailbox_class(run->access, resolved->domain_class);
	bool is_local = resolved->domain_class == RESOLVE_LOCAL;
	struct maps *asked;
	enum lookup found = is_rewritten(run, address, subject, is_local, &asked);

	if (found == LOOKUP_NONE && (view_is(resolved->transport, "error") || view_is(resolved->transport, "retry")) &&
	    resolved->domain_class != RESOLVE_VIRTUAL_ALIAS)
		return refuse_transport(run, subject, resolved);
	if (found == LOOKUP_NONE && (class.maps == NULL || (class.may_be_empty && maps_empty(class.maps))))
		return ACCESS_NEXT;
	if (found == LOOKUP_NONE)
		found = listed_in(run, asked = class.maps, address, is_local);
	if (found == LOOKUP_RETRY)
		return refuse_maps(run, asked, subject);
	return found == LOOKUP_FOUND ? ACCESS_NEXT : user_unknown(run, subject, &class);
}

static enum outcome
unlisted(struct access_run *run, struct view address, enum subject subject)
{
	struct resolve_reply resolved;
	struct view full;

	if (access_always_there(run, address))
		return ACCESS_NEXT;
	if (!resolve_for(run, address, &resolved))
		return refuse_lookup(run, subject_name(run, subject));
	full = arena_view(run->arena, resolved.recipient);
	return judge(run, subject, &resolved, full);
}

enum outcome
unlisted_recipient(struct access_run *run)
{
	struct view recipient = run->facts->recipient;
	struct resolve_reply resolved;
	enum outcome outcome;

	if (!run->facts->has_recipient)
		return ACCESS_NEXT;
	outcome = unlisted(run, recipient, SUBJECT_RECIPIENT);
	if (outcome == ACCESS_NEXT && run->config->old_relay_domains && resolve_for(run, recipient, &resolved) &&
	    resolved.domain_class == RESOLVE_RELAY)
		compatibility_log("relay_domains=$mydestination to accept mail for address \"%.*s\"", VIEW_ARG(recipient));
	return outcome;
}

enum outcome
unlisted_sender(struct access_run *run)
{
	return run->facts->has_sender ? unlisted(run, run->facts->sender, SUBJECT_SENDER) : ACCESS_NEXT;
}

enum outcome
check_unlisted_recipient(struct access_run *run, const struct rule *rule)
{
	return unlisted_recipient(run);
}

enum outcome
check_unlisted_sender(struct access_run *run, const struct rule *rule)
{
	return unlisted_sender(run);
}

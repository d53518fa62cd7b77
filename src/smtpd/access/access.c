#include "smtpd/access/access.h"

#include "global/client/verify.h"
#include "global/config/compatibility.h"
#include "smtpd/access/internal.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"
#include "util/text/encode.h"
#include "util/text/words.h"

enum { INTERFACES_MAX = 256 };

#define STRING(member, name)	BIND_STRING(struct access_config, member, name)
#define INT(member, name)	BIND_INT(struct access_config, member, name)
#define TIME(member, name)	BIND_TIME(struct access_config, member, name)
#define BOOL(member, name)	BIND_BOOL(struct access_config, member, name)

static const struct {
	const char *name;
	enum subject subject;
} list_titles[LIST_COUNT] = {
	[LIST_CLIENT] = { "smtpd_client_restrictions", SUBJECT_CLIENT },
	[LIST_HELO] = { "smtpd_helo_restrictions", SUBJECT_HELO },
	[LIST_SENDER] = { "smtpd_sender_restrictions", SUBJECT_SENDER },
	[LIST_RELAY] = { "smtpd_relay_restrictions", SUBJECT_RECIPIENT },
	[LIST_RECIPIENT] = { "smtpd_recipient_restrictions", SUBJECT_RECIPIENT },
	[LIST_DATA] = { "smtpd_data_restrictions", SUBJECT_DATA },
	[LIST_END_OF_DATA] = { "smtpd_end_of_data_restrictions", SUBJECT_END_OF_DATA },
	[LIST_ETRN] = { "smtpd_etrn_restrictions", SUBJECT_ETRN },
};

static const struct binding bindings[] = {
	STRING(lists[LIST_CLIENT], "smtpd_client_restrictions"),
	STRING(lists[LIST_HELO], "smtpd_helo_restrictions"),
	STRING(lists[LIST_SENDER], "smtpd_sender_restrictions"),
	STRING(lists[LIST_RELAY], "smtpd_relay_restrictions"),
	STRING(lists[LIST_RECIPIENT], "smtpd_recipient_restrictions"),
	STRING(lists[LIST_DATA], "smtpd_data_restrictions"),
	STRING(lists[LIST_END_OF_DATA], "smtpd_end_of_data_restrictions"),
	STRING(lists[LIST_ETRN], "smtpd_etrn_restrictions"),
	STRING(myhostname, "myhostname"),
	BIND_RAW(struct access_config, expansion_filter, "smtpd_expansion_filter"),
	STRING(restriction_classes, "smtpd_restriction_classes"),
	STRING(mynetworks, "mynetworks"),
	STRING(null_lookup_key, "smtpd_null_access_lookup_key"),
	STRING(recipient_delimiter, "recipient_delimiter"),
	STRING(parent_domains, "parent_domain_matches_subdomains"),
	STRING(local_recipient_maps, "local_recipient_maps"),
	STRING(virtual_alias_maps, "virtual_alias_maps"),
	STRING(virtual_mailbox_maps, "virtual_mailbox_maps"),
	STRING(relay_recipient_maps, "relay_recipient_maps"),
	STRING(canonical_maps, "canonical_maps"),
	STRING(recipient_canonical_maps, "recipient_canonical_maps"),
	STRING(sender_canonical_maps, "sender_canonical_maps"),
	STRING(receive_override_options, "receive_override_options"),
	STRING(double_bounce_sender, "double_bounce_sender"),
	STRING(address_tempfail, "unknown_address_tempfail_action"),
	STRING(helo_tempfail, "unknown_helo_hostname_tempfail_action"),
	BIND_RAW(struct access_config, rbl_reply, "default_rbl_reply"),
	STRING(rbl_reply_maps, "rbl_reply_maps"),
	STRING(sender_login_maps, "smtpd_sender_login_maps"),
	STRING(relay_clientcerts, "relay_clientcerts"),
	STRING(backup_networks, "permit_mx_backup_networks"),
	STRING(proxy_interfaces, "proxy_interfaces"),
	STRING(log_permit_actions, "smtpd_log_access_permit_actions"),
	STRING(stress, "stress"),
	STRING(compatibility_level, "compatibility_level"),
	STRING(mail_version, "mail_version"),
	STRING(policy_default_action, "smtpd_policy_service_default_action"),
	STRING(policy_context, "smtpd_policy_service_policy_context"),
	STRING(verify_sender, "address_verify_sender"),
	STRING(myorigin, "myorigin"),
	STRING(verify_service, "address_verify_service_name"),
	STRING(unverified_sender_reason, "unverified_sender_reject_reason"),
	STRING(unverified_sender_tempfail, "unverified_sender_tempfail_action"),
	STRING(unverified_recipient_reason, "unverified_recipient_reject_reason"),
	STRING(unverified_recipient_tempfail, "unverified_recipient_tempfail_action"),
	INT(verify_poll_count, "address_verify_poll_count"),
	TIME(verify_poll_delay_sec, "address_verify_poll_delay"),
	TIME(verify_sender_ttl_sec, "address_verify_sender_ttl"),
	TIME(ipc_timeout_sec, "ipc_timeout"),
	INT(unverified_sender_code, "unverified_sender_reject_code"),
	INT(unverified_sender_defer_code, "unverified_sender_defer_code"),
	INT(unverified_recipient_code, "unverified_recipient_reject_code"),
	INT(unverified_recipient_defer_code, "unverified_recipient_defer_code"),
	TIME(policy_timeout_sec, "smtpd_policy_service_timeout"),
	TIME(policy_max_idle_sec, "smtpd_policy_service_max_idle"),
	TIME(policy_max_ttl_sec, "smtpd_policy_service_max_ttl"),
	TIME(policy_retry_delay_sec, "smtpd_policy_service_retry_delay"),
	INT(policy_request_limit, "smtpd_policy_service_request_limit"),
	INT(policy_try_limit, "smtpd_policy_service_try_limit"),
	INT(rbl_code, "maps_rbl_reject_code"),
	BOOL(delay_reject, "smtpd_delay_reject"),
	BOOL(relay_first, "smtpd_relay_before_recipient_restrictions"),
	BIND_OLD_DEFAULT(struct access_config, old_mynetworks, "mynetworks_style"),
	BIND_OLD_DEFAULT(struct access_config, old_relay_domains, "relay_domains"),
	BIND_OLD_DEFAULT(struct access_config, old_relay_restrictions, "smtpd_relay_restrictions"),
	BIND_OLD_DEFAULT(struct access_config, old_relay_first, "smtpd_relay_before_recipient_restrictions"),
	BOOL(reject_unlisted_recipient, "smtpd_reject_unlisted_recipient"),
	BOOL(reject_unlisted_sender, "smtpd_reject_unlisted_sender"),
	BOOL(show_table_name, "show_user_unknown_table_name"),
	BOOL(allow_untrusted_routing, "allow_untrusted_routing"),
	INT(reject_code, "reject_code"),
	INT(defer_code, "defer_code"),
	INT(map_reject_code, "access_map_reject_code"),
	INT(map_defer_code, "access_map_defer_code"),
	INT(relay_code, "relay_domains_reject_code"),
	INT(client_code, "unknown_client_reject_code"),
	INT(hostname_code, "unknown_hostname_reject_code"),
	INT(address_code, "unknown_address_reject_code"),
	INT(invalid_hostname_code, "invalid_hostname_reject_code"),
	INT(non_fqdn_code, "non_fqdn_reject_code"),
	INT(plaintext_code, "plaintext_reject_code"),
	INT(multi_recipient_code, "multi_recipient_bounce_reject_code"),
	INT(local_code, "unknown_local_recipient_reject_code"),
	INT(virtual_alias_code, "unknown_virtual_alias_reject_code"),
	INT(virtual_mailbox_code, "unknown_virtual_mailbox_reject_code"),
	INT(relay_recipient_code, "unknown_relay_recipient_reject_code"),
	BIND_END
};

static bool
has_word(const char *list, const char *wanted)
{
	struct view rest = view_string(list), word;

	while (view_word(&rest, ", \t\r\n", &word)) {
		if (view_is_nocase(word, wanted))
			return true;
	}
	return false;
}

/* -- opening ------------------------------------------------------------------------------------------------------------------- */

/* Classes may name each other, so all names come first. */
static void
open_classes(struct access *access)
{
	struct view rest = view_string(access->config.restriction_classes), word;
	struct buf why = BUF_INIT;

	while (words_next(&rest, &word, &why))
		hash_put(access->classes, word, arena_alloc(&access->arena, sizeof(struct rule_list)));
	rest = view_string(access->config.restriction_classes);
	while (words_next(&rest, &word, NULL)) {
		const char *name = arena_string(&access->arena, word);
		const char *text = config_string(access->settings, name, &why);

		if (text == NULL)
			log_fatal("restriction class %s: %s", name, buf_c(&why));
		compile_list(access, &access->arena, name, view_string(text), SUBJECT_RECIPIENT, true, hash_get(access->classes, word));
	}
	buf_fini(&why);
}

static void
open_lists(struct access *access)
{
	for (size_t i = 0; i < LIST_COUNT; i++)
		compile_list(access, &access->arena, list_titles[i].name, view_string(access->config.lists[i]),
		    list_titles[i].subject, true, &access->lists[i]);
}

static void
open_maps(struct access *access)
{
	const struct access_config *config = &access->config;
	const struct {
		struct maps **maps;
		const char *title, *list;
	} wanted[] = {
		{ &access->local_recipients, "local_recipient_maps", config->local_recipient_maps },
		{ &access->virtual_aliases, "virtual_alias_maps", config->virtual_alias_maps },
		{ &access->virtual_mailboxes, "virtual_mailbox_maps", config->virtual_mailbox_maps },
		{ &access->relay_recipients, "relay_recipient_maps", config->relay_recipient_maps },
		{ &access->canonical, "canonical_maps", config->canonical_maps },
		{ &access->recipient_canonical, "recipient_canonical_maps", config->recipient_canonical_maps },
		{ &access->sender_canonical, "sender_canonical_maps", config->sender_canonical_maps },
		{ &access->rbl_replies, "rbl_reply_maps", config->rbl_reply_maps },
		{ &access->sender_logins, "smtpd_sender_login_maps", config->sender_login_maps },
		{ &access->relay_certificates, "relay_clientcerts", config->relay_clientcerts },
	};

	for (size_t i = 0; i < ARRAY_COUNT(wanted); i++)
		*wanted[i].maps = maps_open(access->env, wanted[i].title, wanted[i].list, TABLE_FOLD_FIXED);
}

/* CF7: what stands behind `permit` is never asked. */
static bool
protects(const struct rule_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		bool warn_only = i > 0 && list->rules[i - 1].what->check == check_warn_if_reject;

		if (list->rules[i].what->check == check_permit && !warn_only)
			return false;
		if (list->rules[i].what->protects != 0 && !warn_only)
			return true;
	}
	return false;
}

static void
demand_protection(const struct access *access)
{
	if (!protects(&access->lists[LIST_RELAY]) && !protects(&access->lists[LIST_RECIPIENT]))
		log_fatal("in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, specify at least one working "
		    "instance of: reject_unauth_destination, defer_unauth_destination, reject, defer, defer_if_permit");
}

static void
unescape_filter(struct access *access)
{
	struct buf text = BUF_INIT;

	c_unescape(&text, view_string(access->config.expansion_filter));
	access->config.expansion_filter = arena_string(&access->arena, buf_view(&text));
	buf_fini(&text);
}

/* Connects when first asked. */
static void
open_verifier(struct access *access)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "private/%s", access->config.verify_service);
	access->verifier = verifier_new(buf_c(&path), (msec_t)access->config.ipc_timeout_sec * 1000);
	buf_fini(&path);
}

static void
check_tempfail_actions(const struct access_config *config)
{
	const struct { const char *name, *action; } all[] = {
		{ "unknown_address_tempfail_action", config->address_tempfail },
		{ "unknown_helo_hostname_tempfail_action", config->helo_tempfail },
		{ "unverified_sender_tempfail_action", config->unverified_sender_tempfail },
		{ "unverified_recipient_tempfail_action", config->unverified_recipient_tempfail },
	};

	for (size_t i = 0; i < ARRAY_COUNT(all); i++)
		if (strcmp(all[i].action, "defer") != 0 && strcmp(all[i].action, "defer_if_permit") != 0)
			log_fatal("%s = %s: use defer or defer_if_permit", all[i].name, all[i].action);
}

struct access *
access_open(const struct table_env *env, struct config *settings, struct resolver *resolver)
{
	struct access *access = mem_new(sizeof(*access));
	struct buf why = BUF_INIT;

	access->env = env;
	access->settings = settings;
	access->resolver = resolver;
	if (!config_bind(settings, bindings, &access->config, &why))
		log_fatal("%s", buf_c(&why));
	check_tempfail_actions(&access->config);
	access->config.old_mynetworks = access->config.old_mynetworks && !config_is_set(settings, "mynetworks");
	unescape_filter(access);
	open_verifier(access);
	access->classes = hash_new();
	access->tables = hash_new();
	access->policies = hash_new();
	access->parent_dots = !access_matches_parents(access, "smtpd_access_maps");
	open_classes(access);
	open_lists(access);
	demand_protection(access);
	open_maps(access);
	access->mynetworks = match_list_open(env, "mynetworks", access->config.mynetworks,
	    access_matches_parents(access, "mynetworks") ? MATCH_PARENT_DOMAINS : 0);
	access->backup_networks = match_list_open(env, "permit_mx_backup_networks", access->config.backup_networks, 0);
	if (access->config.log_permit_actions[0] != '\0')
		access->logged_permits = match_list_open(env, "smtpd_log_access_permit_actions",
		    access->config.log_permit_actions, 0);
	access->interfaces = mem_new_array(INTERFACES_MAX, sizeof(*access->interfaces));
	access->interface_count = inet_own_interfaces(access->interfaces, INTERFACES_MAX);
	buf_fini(&why);
	return access;
}

struct walk {
	void (*each)(struct table *table, void *arg);
	void *arg;
};

static bool
walk_maps(struct view key, void *value, void *arg)
{
	struct walk *walk = arg;
	struct table *table;

	for (size_t i = 0; (table = maps_at(value, i)) != NULL; i++)
		walk->each(table, walk->arg);
	return true;
}

void
access_each_table(const struct access *access, void (*each)(struct table *table, void *arg), void *arg)
{
	struct maps *const maps[] = {
		access->local_recipients, access->virtual_aliases, access->virtual_mailboxes, access->relay_recipients,
		access->canonical, access->recipient_canonical, access->sender_canonical, access->rbl_replies,
		access->sender_logins, access->relay_certificates,
	};
	struct walk walk = { each, arg };

	hash_each(access->tables, walk_maps, &walk);
	for (size_t i = 0; i < ARRAY_COUNT(maps); i++)
		walk_maps(VIEW_EMPTY, maps[i], &walk);
}

static void
close_maps(void *p)
{
	maps_close(p);
}

void
access_close(struct access *access)
{
	struct maps *const owned[] = {
		access->local_recipients, access->virtual_aliases, access->virtual_mailboxes, access->relay_recipients,
		access->canonical, access->recipient_canonical, access->sender_canonical,
		access->rbl_replies, access->sender_logins, access->relay_certificates,
	};

	for (size_t i = 0; i < ARRAY_COUNT(owned); i++)
		maps_close(owned[i]);
	verifier_free(access->verifier);
	match_list_close(access->mynetworks);
	match_list_close(access->backup_networks);
	match_list_close(access->logged_permits);
	hash_free(access->policies, policy_close);
	hash_free(access->tables, close_maps);
	hash_free(access->classes, NULL);
	arena_fini(&access->arena);
	mem_free(access->interfaces);
	mem_free(access);
}

void
access_record(struct access *access, access_recorder *recorder, void *arg)
{
	access->recorder = recorder;
	access->recorder_arg = arg;
}

enum lookup
access_in_mynetworks(const struct access *access, const struct peer *peer)
{
	return match_list_host(access->mynetworks, VIEW_EMPTY, &peer->addr);
}

bool
access_is_interface(const struct access *access, const struct peer *peer)
{
	for (size_t i = 0; i < access->interface_count; i++) {
		if (netaddr_equal(&access->interfaces[i].addr, &peer->addr))
			return true;
	}
	return false;
}

bool
access_matches_parents(const struct access *access, const char *parameter)
{
	return has_word(access->config.parent_domains, parameter);
}

/* -- the order of evaluation ------------------------------------------------------------------------------------------------------ */

/* OK ends its own list only. */
static enum outcome
evaluate(struct access_run *run, enum access_list which)
{
	run->subject = list_titles[which].subject;
	run->warn_only = false;
	return run_list(run, &run->access->lists[which]) == ACCESS_REFUSE ? ACCESS_REFUSE : ACCESS_NEXT;
}

typedef enum outcome	stage(struct access_run *run);

static enum outcome
client_stage(struct access_run *run)
{
	return evaluate(run, LIST_CLIENT);
}

static enum outcome
helo_stage(struct access_run *run)
{
	return run->facts->has_helo ? evaluate(run, LIST_HELO) : ACCESS_NEXT;
}

static enum outcome
sender_stage(struct access_run *run)
{
	enum outcome outcome = ACCESS_NEXT;

	if (!run->facts->has_sender)
		return ACCESS_NEXT;
	outcome = evaluate(run, LIST_SENDER);
	if (outcome == ACCESS_NEXT && run->config->reject_unlisted_sender)
		outcome = unlisted_sender(run);
	return outcome;
}

static enum outcome
delayed_stages(struct access_run *run)
{
	enum outcome outcome = client_stage(run);

	if (outcome == ACCESS_NEXT)
		outcome = helo_stage(run);
	return outcome == ACCESS_NEXT ? sender_stage(run) : outcome;
}

/* What the rules of today would have refused. */
static void
warn_relay(struct access_run *run)
{
	if (check_mynetworks(run, NULL) == ACCESS_NEXT && check_sasl_authenticated(run, NULL) == ACCESS_NEXT &&
	    check_auth_destination(run, NULL) == ACCESS_NEXT)
		compatibility_log("\"smtpd_relay_restrictions = (empty)\" to avoid \"Relay access denied\" error "
		    "for recipient \"%.*s\" from client \"%s\"", VIEW_ARG(run->facts->recipient),
		    buf_c(&run->facts->peer->namaddr));
}

static enum outcome
relay_after_recipient(struct access_run *run)
{
	enum outcome outcome = evaluate(run, LIST_RECIPIENT);

	if (outcome == ACCESS_REFUSE && run->config->old_relay_first)
		compatibility_log("smtpd_relay_before_recipient_restrictions=no to reject recipient \"%.*s\" from client \"%s\"",
		    VIEW_ARG(run->facts->recipient), buf_c(&run->facts->peer->namaddr));
	if (outcome == ACCESS_NEXT && run->config->old_relay_restrictions)
		warn_relay(run);
	return outcome == ACCESS_NEXT ? evaluate(run, LIST_RELAY) : outcome;
}

static enum outcome
recipient_lists(struct access_run *run)
{
	enum outcome outcome;

	if (!run->config->relay_first)
		return relay_after_recipient(run);
	outcome = evaluate(run, LIST_RELAY);
	return outcome == ACCESS_NEXT ? evaluate(run, LIST_RECIPIENT) : outcome;
}

/* The resolver's word on syntax (numeric domains, local parts that look like options) comes first. */
static enum outcome
recipient_syntax(struct access_run *run)
{
	struct resolve_reply resolved;

	if (!resolve_for(run, run->facts->recipient, &resolved))
		return refuse_lookup(run, subject_name(run, SUBJECT_RECIPIENT));
	if ((resolved.flags & RESOLVE_FLAG_ERROR) == 0)
		return ACCESS_NEXT;
	return refuse(run, 501, "5.1.3", "Bad recipient address syntax");
}

static enum outcome
recipient_stage(struct access_run *run)
{
	enum outcome outcome = ACCESS_NEXT;

	if (view_is_nocase(run->facts->recipient, "postmaster"))
		return ACCESS_NEXT;
	outcome = recipient_syntax(run);
	if (outcome == ACCESS_NEXT && run->config->delay_reject)
		outcome = delayed_stages(run);
	if (outcome == ACCESS_NEXT)
		outcome = recipient_lists(run);
	if (outcome == ACCESS_NEXT && run->config->reject_unlisted_recipient
	    && !has_word(run->config->receive_override_options, "no_unknown_recipient_checks"))
		outcome = unlisted_recipient(run);
	return outcome;
}

static enum outcome
data_stage(struct access_run *run)
{
	return evaluate(run, LIST_DATA);
}

static enum outcome
end_of_data_stage(struct access_run *run)
{
	return evaluate(run, LIST_END_OF_DATA);
}

static enum outcome
etrn_stage(struct access_run *run)
{
	enum outcome outcome = ACCESS_NEXT;

	if (run->config->delay_reject)
		outcome = delayed_stages(run);
	return outcome == ACCESS_NEXT ? evaluate(run, LIST_ETRN) : outcome;
}

/* A permit that was marked becomes what the mark says. */
static bool
run_stage(struct access *access, const struct access_facts *facts, struct access_verdict *verdict, stage *function)
{
	struct arena arena = ARENA_INIT;
	struct access_run run = { .access = access, .config = &access->config, .facts = facts, .verdict = verdict, .arena = &arena };
	enum outcome outcome;

	verdict->refused = false;
	outcome = function(&run);
	run.warn_only = false;
	if (outcome != ACCESS_REFUSE && run.if_permit.active)
		outcome = refuse(&run, run.if_permit.code, run.if_permit.dsn, "%.*s", VIEW_ARG(run.if_permit.text));
	arena_fini(&arena);
	return outcome != ACCESS_REFUSE;
}

bool
access_connect(struct access *access, const struct access_facts *facts, struct access_verdict *verdict)
{
	return access->config.delay_reject || run_stage(access, facts, verdict, client_stage);
}

bool
access_helo(struct access *access, const struct access_facts *facts, struct access_verdict *verdict)
{
	return access->config.delay_reject || run_stage(access, facts, verdict, helo_stage);
}

bool
access_mail(struct access *access, const struct access_facts *facts, struct access_verdict *verdict)
{
	return access->config.delay_reject || run_stage(access, facts, verdict, sender_stage);
}

bool
access_rcpt(struct access *access, const struct access_facts *facts, struct access_verdict *verdict)
{
	return run_stage(access, facts, verdict, recipient_stage);
}

bool
access_data(struct access *access, const struct access_facts *facts, struct access_verdict *verdict)
{
	return run_stage(access, facts, verdict, data_stage);
}

bool
access_end_of_data(struct access *access, const struct access_facts *facts, struct access_verdict *verdict)
{
	return run_stage(access, facts, verdict, end_of_data_stage);
}

bool
access_etrn(struct access *access, const struct access_facts *facts, struct access_verdict *verdict)
{
	return run_stage(access, facts, verdict, etrn_stage);
}

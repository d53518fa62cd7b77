/*
 * internal: what the files of the access engine share.
 */
#ifndef SMTPD_ACCESS_INTERNAL_H
#define SMTPD_ACCESS_INTERNAL_H

#include "smtpd/access/access.h"
#include "table/maps.h"
#include "table/match_list.h"
#include "util/base/hash.h"

enum outcome { ACCESS_NEXT, ACCESS_PERMIT, ACCESS_REFUSE };

/* What is judged: gives the <X> and the CLASS of a reject. */
enum subject {
	SUBJECT_CLIENT, SUBJECT_REVERSE_CLIENT, SUBJECT_HELO, SUBJECT_SENDER, SUBJECT_RECIPIENT, SUBJECT_DATA, SUBJECT_END_OF_DATA, SUBJECT_ETRN,
};

enum access_list {
	LIST_CLIENT, LIST_HELO, LIST_SENDER, LIST_RELAY, LIST_RECIPIENT, LIST_DATA, LIST_END_OF_DATA, LIST_ETRN, LIST_COUNT,
};

struct access_config {
	const char *lists[LIST_COUNT];
	const char *myhostname, *expansion_filter;
	const char *restriction_classes, *mynetworks, *null_lookup_key, *recipient_delimiter, *parent_domains;
	const char *local_recipient_maps, *virtual_alias_maps, *virtual_mailbox_maps, *relay_recipient_maps;
	const char *canonical_maps, *recipient_canonical_maps, *sender_canonical_maps, *relocated_maps;
	const char *receive_override_options, *double_bounce_sender;
	const char *rbl_reply, *rbl_reply_maps, *sender_login_maps, *relay_clientcerts, *backup_networks, *proxy_interfaces;
	const char *log_permit_actions, *stress, *compatibility_level, *mail_version;
	const char *policy_default_action, *policy_context;
	const char *verify_sender, *myorigin, *verify_service;
	const char *unverified_sender_reason, *unverified_sender_tempfail;
	const char *unverified_recipient_reason, *unverified_recipient_tempfail;
	int verify_poll_count, verify_poll_delay_sec, verify_sender_ttl_sec, ipc_timeout_sec;
	int unverified_sender_code, unverified_sender_defer_code;
	int unverified_recipient_code, unverified_recipient_defer_code;
	int policy_timeout_sec, policy_max_idle_sec, policy_max_ttl_sec, policy_retry_delay_sec;
	int policy_request_limit, policy_try_limit;
	bool delay_reject, relay_first, reject_unlisted_recipient, reject_unlisted_sender, show_table_name;
	bool allow_untrusted_routing, resolve_numeric_domain;
	bool old_mynetworks, old_relay_domains, old_relay_restrictions, old_relay_first;	/* defaults of old: the log says so */
	int rbl_code, reject_code, defer_code, map_reject_code, map_defer_code, relay_code, client_code, hostname_code, address_code;
	int invalid_hostname_code, non_fqdn_code, plaintext_code, multi_recipient_code;
	int local_code, virtual_alias_code, virtual_mailbox_code, relay_recipient_code;
	const char *address_tempfail, *helo_tempfail;
};

struct access_run;
struct rule;

struct restriction {
	const char *name;
	enum outcome (*check)(struct access_run *run, const struct rule *rule);
	enum { TAKES_NOTHING, TAKES_TABLE, TAKES_WORD, TAKES_SERVICE } takes;
	unsigned protects;		/* 1: enough to keep strangers from relaying */
};

struct rule {
	const struct restriction *what;
	struct view text;		/* as written */
	struct view word;		/* TAKES_WORD */
	struct maps *maps;		/* TAKES_TABLE */
	struct policy_service *policy;	/* TAKES_SERVICE */
	const struct rule_list *list;	/* a restriction class */
	const char *broken;		/* misconfigured: why */
};

struct rule_list {
	const char *title;
	struct rule *rules;
	size_t count;
	enum subject subject;
};

struct access {
	const struct table_env *env;
	struct config *settings;
	struct access_config config;
	struct resolver *resolver;
	struct verifier *verifier;
	struct arena arena;		/* compiled lists */
	struct rule_list lists[LIST_COUNT];
	struct hash *classes;		/* name → struct rule_list */
	struct hash *tables;		/* "type:name" → struct maps */
	struct hash *policies;		/* as written → struct policy_service */
	struct match_list *mynetworks, *backup_networks, *logged_permits;
	struct netblock *interfaces;
	size_t interface_count;
	struct maps *local_recipients, *virtual_aliases, *virtual_mailboxes, *relay_recipients;
	struct maps *canonical, *recipient_canonical, *sender_canonical;
	struct maps *rbl_replies, *sender_logins, *relay_certificates;
	bool parent_dots;		/* keys of parent domains as .domain */
	access_recorder *recorder;
	void *recorder_arg;
};

/* A "defer if" mark: the reply that a later permit, or reject, turns into. */
struct access_mark {
	bool active;
	char dsn[DSN_STATUS_SIZE];
	int code;
	struct view text;
};

struct access_run {
	struct access *access;
	const struct access_config *config;
	const struct access_facts *facts;
	struct access_verdict *verdict;
	struct arena *arena;		/* for this run */
	const char *list;
	enum subject subject;		/* of the list */
	bool warn_only;			/* warn_if_reject: the next refusal is only logged */
	struct access_mark if_permit, if_reject;
	struct view resolved_address;	/* the last question to the resolver; its answer holds until the next */
	struct resolve_reply resolved;
	bool has_resolved;
	int depth;
};

/* -- compile.c -- */
void		compile_list(struct access *access, struct arena *arena, const char *title, struct view text, enum subject subject,
		    bool may_open, struct rule_list *out);
struct maps	*access_table(struct access *access, struct view name, bool may_open);	/* NULL: not open */
const struct restriction *restriction_find(struct view name);
const struct restriction *restriction_default_check(enum subject subject);	/* for a bare type:table */
extern const struct restriction restriction_class, restriction_misconfigured;

/* -- run.c -- */
enum outcome	run_list(struct access_run *run, const struct rule_list *list);
enum outcome	refuse(struct access_run *run, int code, const char *dsn, const char *format, ...) __attribute__((format(printf, 4, 5)));
enum outcome	refuse_lookup(struct access_run *run, struct view what);	/* a table could not answer */
enum outcome	refuse_maps(struct access_run *run, const struct maps *maps, enum subject subject);	/* … which one of these */
enum outcome	refuse_configuration(struct access_run *run);
/* … because of a table */
enum outcome	refuse_configuration_for(struct access_run *run, enum subject subject);
enum outcome	defer_if_permit(struct access_run *run, const char *dsn, const char *format, ...) __attribute__((format(printf, 3, 4)));
void		set_mark(struct access_mark *mark, struct arena *arena, int code, const char *dsn, struct view text);
void		log_access(struct access_run *run, const char *action, struct view text);

/* -- policy.c -- */
struct policy_service *policy_open(struct access *access, struct view text, struct buf *why);	/* NULL: bad text */
void		policy_close(void *service);

/* -- blocklist.c -- */
/* Does the address fit "127.0.0.[2;4..6]"? False: no such pattern. */
bool		blocklist_pattern_match(struct view pattern, const struct netaddr *addr, bool *match);

/* -- subject.c -- */
struct view	subject_name(struct access_run *run, enum subject subject);	/* the X of "<X>: CLASS rejected" */
const char	*subject_class(enum subject subject);
void		subject_map_dsn(enum subject subject, char dsn[DSN_STATUS_SIZE]);	/* x.1.y fits the thing rejected */

/* -- result.c -- */
enum outcome	access_result(struct access_run *run, struct view value, enum subject subject, const char *table);

/* -- recipient.c -- */
bool		resolve_for(struct access_run *run, struct view address, struct resolve_reply *out);	/* false: try later */
/* Our own addresses for notices and probes: nobody has to list them. The null address too. */
bool		access_always_there(const struct access_run *run, struct view address);
enum outcome	unlisted_recipient(struct access_run *run);
enum outcome	unlisted_sender(struct access_run *run);

/* -- the restrictions -- */
#define RESTRICTION(name)	enum outcome name(struct access_run *run, const struct rule *rule)
RESTRICTION(check_permit);
RESTRICTION(check_reject);
RESTRICTION(check_defer);
RESTRICTION(check_warn_if_reject);
RESTRICTION(check_defer_if_permit);
RESTRICTION(check_defer_if_reject);
RESTRICTION(check_pipelining);
RESTRICTION(check_plaintext);
RESTRICTION(check_sleep);
RESTRICTION(check_mynetworks);
RESTRICTION(check_inet_interfaces);
RESTRICTION(check_sasl_authenticated);
RESTRICTION(check_unknown_client);
RESTRICTION(check_unknown_reverse_client);
RESTRICTION(check_client_access);
RESTRICTION(check_reverse_client_access);
RESTRICTION(check_helo_access);
RESTRICTION(check_invalid_helo);
RESTRICTION(check_non_fqdn_helo);
RESTRICTION(check_unknown_helo);
RESTRICTION(check_sender_access);
RESTRICTION(check_non_fqdn_sender);
RESTRICTION(check_unknown_sender_domain);
RESTRICTION(check_unlisted_sender);
RESTRICTION(check_recipient_access);
RESTRICTION(check_auth_destination);
RESTRICTION(check_unauth_destination);
RESTRICTION(check_defer_unauth_destination);
RESTRICTION(check_non_fqdn_recipient);
RESTRICTION(check_unknown_recipient_domain);
RESTRICTION(check_unlisted_recipient);
RESTRICTION(check_multi_recipient_bounce);
RESTRICTION(check_etrn_access);
RESTRICTION(run_class);
RESTRICTION(check_unverified_sender);
RESTRICTION(check_unverified_recipient);
RESTRICTION(check_unknown_forward_client);
RESTRICTION(check_policy_service);
RESTRICTION(check_sasl_access);
RESTRICTION(check_all_certificates);
RESTRICTION(check_known_certificates);
RESTRICTION(check_certificate_access);
RESTRICTION(check_login_mismatch);
RESTRICTION(check_known_login_mismatch);
RESTRICTION(check_authenticated_login_mismatch);
RESTRICTION(check_unauthenticated_login_mismatch);
RESTRICTION(check_mx_backup);
RESTRICTION(check_rbl_client);
RESTRICTION(check_dnswl_client);
RESTRICTION(check_rhsbl_client);
RESTRICTION(check_rhsbl_reverse_client);
RESTRICTION(check_rhswl_client);
RESTRICTION(check_rhsbl_helo);
RESTRICTION(check_rhsbl_sender);
RESTRICTION(check_rhsbl_recipient);
RESTRICTION(check_client_mx);
RESTRICTION(check_client_ns);
RESTRICTION(check_client_a);
RESTRICTION(check_reverse_client_mx);
RESTRICTION(check_reverse_client_ns);
RESTRICTION(check_reverse_client_a);
RESTRICTION(check_helo_mx);
RESTRICTION(check_helo_ns);
RESTRICTION(check_helo_a);
RESTRICTION(check_sender_mx);
RESTRICTION(check_sender_ns);
RESTRICTION(check_sender_a);
RESTRICTION(check_recipient_mx);
RESTRICTION(check_recipient_ns);
RESTRICTION(check_recipient_a);

#endif

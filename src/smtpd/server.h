/*
 * server: what a process opens once and all its sessions use.
 */
#ifndef SMTPD_SERVER_H
#define SMTPD_SERVER_H

#include "global/client/resolve.h"
#include "global/client/transcript.h"
#include "global/maillog/debug_peers.h"
#include "smtpd/access/access.h"
#include "smtpd/config.h"
#include "smtpd/receiver.h"
#include "table/maps.h"
#include "table/match_list.h"

struct service_context;

struct milter_refusal {
	const char *action;			/* milter_default_action */
	int code;
	const char *dsn, *text;
};

struct smtpd_server {
	const struct smtpd_config *config;
	struct resolver *resolver;
	struct receiver *receiver;
	struct access *access;
	enum bare_newline bare_newline;
	struct match_list *bare_newline_exclusions, *forbidden_commands, *noop_commands;
	struct match_list *xclient_hosts, *xforward_hosts, *verp_clients, *limit_exceptions;
	struct maps *command_filter, *ehlo_maps, *reject_footers, *reject_filter, *dns_filter;
	struct transcript_config notices;	/* to the postmaster */
	struct debug_peers *debug_peers;
	struct anvil *anvil;			/* NULL: nothing is limited */
	const char *service_name;
	bool on_stdin;				/* -S: one client, and it has no address */
	bool standalone;			/* … who is a user of this host: nothing is checked, postdrop takes his mail */
	int spool;				/* smtpd_proxy_options = speed_adjust: a file without a name; else -1 */
	bool rewrite_mynetworks, rewrite_interfaces, rewrite_logins;	/* local_header_rewrite_clients */
	struct maps *rewrite_clients;
	bool needs_tls;				/* … which it does not have: nobody gets beyond EHLO */
	const struct milter_refusal *refusal;	/* of mail that no milter can look at; NULL: it is taken */
	unsigned cleanup_flags;			/* CLEANUP_*, from receive_override_options */
	uint64_t room;				/* free in the queue's file system … */
	msec_t room_asked;			/* … at this time; 0: not asked yet */
};

struct smtpd_server *server_open(struct service_context *ctx);	/* fatal when the configuration is no good */
/* Is this one of local_header_rewrite_clients? */
enum lookup server_is_local_client(const struct smtpd_server *server, const struct peer *peer);

#endif

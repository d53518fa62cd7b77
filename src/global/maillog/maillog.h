/*
 * maillog: the log lines that administrators and their tools parse, made from structs so that each shape
 * exists once. Addresses appear in external form, cleaned.
 */
#ifndef GLOBAL_MAILLOG_MAILLOG_H
#define GLOBAL_MAILLOG_MAILLOG_H

#include <stdbool.h>
#include <sys/time.h>

#include "util/text/view.h"

struct maillog_delivery {
	struct view queue_id, recipient, original;	/* internal form; original "" or equal: left out */
	const char *relay;				/* "none", "local", "host[addr]:port" */
	int connection_use;				/* from 2 on it is shown */
	struct timeval arrival, queued, agent_handoff, connected, done;
	const char *tls;				/* "" or "may:none" */
	const char *dsn;				/* "2.0.0" */
	const char *status;				/* sent, deferred, bounced, … */
	struct view text;
};

void	maillog_delivery(const struct maillog_delivery *line);
void	maillog_queue_active(struct view queue_id, struct view sender, long long size, size_t recipients);
void	maillog_removed(struct view queue_id);
void	maillog_expired(struct view queue_id, struct view sender, bool forced);
void	maillog_message_id(struct view queue_id, struct view message_id, bool resent);

struct maillog_login {			/* who the client proved to be; all "": nobody */
	struct view method, username, sender;
};

struct maillog_client {			/* where a message comes from */
	struct view queue_id, namaddr;
	struct maillog_login login;
	struct view original_id, original_namaddr;	/* what a proxy said (XFORWARD); "": nothing */
};

struct maillog_smtp_event {		/* what a server's rules decided */
	struct view queue_id;			/* "": NOQUEUE */
	const char *action, *stage;		/* "reject", "RCPT" */
	struct view namaddr, text;
	bool has_sender, has_recipient, has_helo;
	struct view sender, recipient, helo;	/* addresses in internal form */
	const char *protocol;
	struct maillog_login login;
};

struct maillog_proxy {			/* what a before-queue filter said of a message */
	bool accepted;
	const char *stage;			/* "END-OF-MESSAGE" */
	struct view reply, sender, recipient;
	bool has_recipient;
	const char *protocol;
	struct view helo, username;
};

void	maillog_proxy(const struct maillog_proxy *line);
void	maillog_client(const struct maillog_client *line);
void	maillog_smtp_event(const struct maillog_smtp_event *line);
/* key=value<address> in external form for anyone who composes other lines. */
struct buf;
void	maillog_address(struct buf *out, struct view internal);		/* "<quoted>" */
void	maillog_peer(struct buf *out, struct view name, struct view address);	/* "name[address]"; "": unknown */
void	maillog_delay(struct buf *out, double seconds, int digits);	/* 0, 0.03, 1.2, 83 */
void	maillog_show_internal(bool internal);				/* info_log_address_format */
void	maillog_set_resolution(int digits);				/* delay_logging_resolution_limit */

#endif

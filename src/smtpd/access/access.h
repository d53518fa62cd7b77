/*
 * access: the restriction lists of smtpd (smtpd_client_restrictions and its kin): who may do what. A list is compiled
 * once, when tables may still be opened; running it takes facts and gives a verdict, says what shall become of the
 * message, and does no I/O of its own but lookups. Each step can be shown to a recorder.
 */
#ifndef SMTPD_ACCESS_ACCESS_H
#define SMTPD_ACCESS_ACCESS_H

#include "global/client/resolve.h"
#include "global/config/config.h"
#include "global/dsn/dsn.h"
#include "global/maillog/maillog.h"
#include "global/smtp/peer.h"
#include "table/table.h"
#include "util/base/arena.h"

struct access;

/* What TLS says of the client; texts "" when there is no certificate, or none that counts. */
struct access_tls {
	bool trusted;			/* the certificate's chain is good */
	struct view subject, issuer, fingerprint, key_fingerprint;
	struct view protocol, cipher, sni;
	unsigned key_bits;
};

/* What is known when a list runs. Addresses are in internal form. */
struct access_facts {
	const char *stage;		/* "RCPT": for the log */
	const struct peer *peer;
	struct view helo;
	struct view sender, recipient, etrn_domain;
	bool has_helo, has_sender, has_recipient, has_etrn;
	const char *protocol;		/* "ESMTP" */
	const struct access_tls *tls;	/* NULL: in the clear */
	struct maillog_login login;	/* who the client proved to be */
	uint64_t size;			/* of the message: as announced, then as counted */
	struct buf *instance;		/* the same for all questions about one message; filled by who needs it first */
	bool filtered;			/* a filter takes the message: it cannot be told what to do with it */
	bool pipelined;			/* the client spoke out of turn */
	unsigned recipient_count;	/* accepted so far */
	struct view (*queue_id)(void *arg);	/* "" while there is none; asked only when something is logged */
	void *arg;
	struct arena *arena;		/* lives as long as the transaction: actions are kept in it */
	struct access_actions *actions;	/* NULL: there is no message to act upon */
};

struct access_line {			/* an address or a header, kept in order */
	struct access_line *next;
	struct view text;
};

/* What the rules want done with the message. */
struct access_actions {
	bool hold, discard;
	struct view filter, redirect;	/* the last one counts */
	struct access_line *bcc, *prepend;
};

struct access_verdict {
	bool refused;
	bool table_failed;		/* because a table could not be asked */
	int code;
	char dsn[DSN_STATUS_SIZE];
	struct buf text;
};

/* A name that one text knows besides the facts. */
struct access_name {
	const char *name;
	struct view value;
};

typedef void	access_recorder(const char *list, const char *rule, const char *result, void *arg);

/* In prepare: opens all tables named in the lists. Fatal when relaying is not forbidden anywhere. */
struct access	*access_open(const struct table_env *env, struct config *settings, struct resolver *resolver);
/* Calls each() with all tables that lists and recipients are looked up in. */
void		 access_each_table(const struct access *access, void (*each)(struct table *table, void *arg), void *arg);
void		 access_close(struct access *access);
void		 access_idle(struct access *access);	/* between sessions: gives up connections that nobody needs */
bool		 access_holds_connections(const struct access *access);
void		 access_record(struct access *access, access_recorder *recorder, void *arg);
enum lookup	 access_in_mynetworks(const struct access *access, const struct peer *peer);
bool		 access_is_interface(const struct access *access, const struct peer *peer);
/* Appends the text with its $names replaced: client, client_address, sender, server_name … False: bad syntax. */
bool		 access_expand(const struct access *access, const struct access_facts *facts, const struct access_name *more,
		    size_t more_count, const char *text, struct buf *out);
/* Is this parameter named in parent_domain_matches_subdomains? */
bool		 access_matches_parents(const struct access *access, const char *parameter);

/* Each returns true when the client may go on; else *verdict has the reply (and the reject is logged). */
bool	access_connect(struct access *access, const struct access_facts *facts, struct access_verdict *verdict);
bool	access_helo(struct access *access, const struct access_facts *facts, struct access_verdict *verdict);
bool	access_mail(struct access *access, const struct access_facts *facts, struct access_verdict *verdict);
bool	access_rcpt(struct access *access, const struct access_facts *facts, struct access_verdict *verdict);
bool	access_data(struct access *access, const struct access_facts *facts, struct access_verdict *verdict);
bool	access_end_of_data(struct access *access, const struct access_facts *facts, struct access_verdict *verdict);
bool	access_etrn(struct access *access, const struct access_facts *facts, struct access_verdict *verdict);

#endif

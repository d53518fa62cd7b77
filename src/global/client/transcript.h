/*
 * transcript: what was said in an SMTP session, for the postmaster: when something went wrong whose class is one of
 * notify_classes, the dialogue is mailed to him. Used on both sides of SMTP.
 *
 * The text is bounded; what comes after is left out, and the mail says so.
 */
#ifndef GLOBAL_CLIENT_TRANSCRIPT_H
#define GLOBAL_CLIENT_TRANSCRIPT_H

#include "global/config/config.h"
#include "util/base/clock.h"
#include "util/text/buf.h"

enum trouble {			/* classes, as bits */
	TROUBLE_PROTOCOL = 1 << 0,
	TROUBLE_POLICY	= 1 << 1,
	TROUBLE_RESOURCE = 1 << 2,
	TROUBLE_SOFTWARE = 1 << 3,
	TROUBLE_DATA	= 1 << 4,
	TROUBLE_BOUNCE	= 1 << 5,	/* goes to bounce_notice_recipient */
};

struct transcript_config {	/* bound with transcript_bindings */
	const char *classes, *error_recipient, *bounce_recipient, *sender, *myhostname, *mail_name;
	const char *filter_classes, *cleanup_service, *utf8_classes;
	int ipc_timeout_sec;
	bool utf8;
};
extern const struct binding transcript_bindings[];

struct transcript {
	struct buf text;
	unsigned troubles;	/* TROUBLE_* */
	unsigned lines;
	bool cut;
};

unsigned transcript_classes(const char *notify_classes);	/* TROUBLE_* that somebody wants to hear of */
void	transcript_in(struct transcript *transcript, struct view line);		/* the client said */
/* On the client's side: what we said, what the server said (lines divided by LF). */
void	transcript_sent(struct transcript *transcript, struct view line);
void	transcript_heard(struct transcript *transcript, struct view lines);
/* The server said: lines of text are divided by LF; dsn is "" where there is none. Unprintable bytes become '?'. */
void	transcript_out(struct transcript *transcript, int code, const char *dsn, struct view text);
/* A refusal: its class follows from the enhanced code, and from the text where that could mean two things. */
void	transcript_refused(struct transcript *transcript, const char *dsn, struct view text);
void	transcript_reset(struct transcript *transcript);
void	transcript_fini(struct transcript *transcript);
/* Mails it where notify_classes asks for that. what: "SMTP server: errors from unknown[192.0.2.1]". False: logged why. */
bool	transcript_send(const struct transcript *transcript, const struct transcript_config *config, const char *what);

#endif

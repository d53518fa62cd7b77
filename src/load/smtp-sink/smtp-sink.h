/*
 * smtp-sink: what its files share.
 */
#ifndef LOAD_SMTP_SINK_SMTP_SINK_H
#define LOAD_SMTP_SINK_SMTP_SINK_H

#include "global/smtp/content.h"
#include "load/common/sink.h"

/* What may be done to a command, besides answering it; also to being connected, and to the end of content. */
enum command {
	COMMAND_CONNECT, COMMAND_HELO, COMMAND_EHLO, COMMAND_LHLO, COMMAND_XCLIENT, COMMAND_XFORWARD, COMMAND_AUTH,
	COMMAND_MAIL, COMMAND_RCPT, COMMAND_DATA, COMMAND_DOT, COMMAND_RSET, COMMAND_NOOP, COMMAND_VRFY, COMMAND_QUIT,
	COMMANDS,
};

enum {				/* struct behaviour */
	BEHAVIOUR_HARD		= 1 << 0,	/* refuse for good */
	BEHAVIOUR_SOFT		= 1 << 1,	/* … for now */
	BEHAVIOUR_DISCONNECT	= 1 << 2,	/* without a word */
	BEHAVIOUR_GOODBYE	= 1 << 3,	/* 421, and disconnect */
	BEHAVIOUR_LOG		= 1 << 4,
};

struct behaviour {
	unsigned flags;
	int delay_sec, odds;		/* odds: of 100, that the delay is rolled for once more */
};

struct sink_options {
	struct sink_settings settings;
	struct behaviour behaviours[COMMANDS];
	const char *hostname, *soft_reply, *hard_reply;
	const char *user, *root;
	const char *single_template, *multiple_template, *start_text;
	bool lmtp, pix;
	bool no_esmtp, no_8bitmime, no_auth, no_xclient, no_xforward, no_pipelining, no_enhanced, no_dsn;
	int abort_after_sec, data_pause_sec;	/* -1: do not abort */
};

struct state {
	struct buf helo, mail, rcpts;	/* arguments, for the dump */
	const char *protocol;
	int recipients;
	bool mail_seen, content;
	struct smtp_content decoder;
	struct buf message;
	/* the command whose answer waits */
	enum command command;
	struct buf argument;
};

/* options.c */
void	sink_options_parse(struct sink_options *options, int argc, char **argv);
int	sink_command_named(struct view name);		/* -1: none */

/* dump.c: writes what was received; fatal when it cannot be written. */
bool	dump_wanted(const struct sink_options *options);
void	dump_message(const struct sink_options *options, const struct sink_client *client);

#endif

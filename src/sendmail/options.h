/*
 * options: the command line of sendmail, parsed. Many letters are accepted and mean nothing here; a few are refused.
 */
#ifndef SENDMAIL_OPTIONS_H
#define SENDMAIL_OPTIONS_H

#include <stdbool.h>

enum mode {
	MODE_SUBMIT,		/* -bm */
	MODE_VERIFY,		/* -bv */
	MODE_LIST,		/* -bp, mailq */
	MODE_ALIASES,		/* -bi, -I, newaliases */
	MODE_DAEMON,		/* -bd, -bl */
	MODE_SMTP,		/* -bs */
	MODE_FLUSH,		/* -q */
	MODE_FLUSH_ID,		/* -qI */
	MODE_FLUSH_SITE,	/* -qR */
	MODE_IGNORE,		/* -bh, -bH */
};

struct options {
	enum mode mode;
	const char *config_directory;
	const char *sender;		/* NULL: the user */
	const char *full_name;		/* NULL: from the environment or the password file */
	const char *encoding, *envelope_id, *verp;	/* NULL: not given; verp "": default delimiters */
	const char *alias_map;
	const char *flush_what;
	int notify, ret;		/* DSN_NOTIFY_*, DSN_RET_*; 0: not given */
	int verbose;
	long long queue_options;	/* QUEUE_OPTION_* */
	bool extract_recipients, dot_is_text, remote;
};

/* Fatal for what is refused. Afterwards optind is the first recipient. */
void	options_parse(int argc, char **argv, struct options *options);

#endif

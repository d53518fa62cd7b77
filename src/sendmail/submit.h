/*
 * submit: one message to postdrop.
 */
#ifndef SENDMAIL_SUBMIT_H
#define SENDMAIL_SUBMIT_H

#include "sendmail/options.h"
#include "util/text/buf.h"

struct submit_config {
	const char *command_directory, *daemon_directory, *fix_line_endings, *verp_delimiters, *verp_filter, *alias_database;
	int line_length_max, header_size_max, header_token_max;
};

/* Reads standard input. The exit status; fatal for what is wrong with the arguments. */
int	submit(const struct submit_config *config, const struct options *options, char *const *recipients);

#endif

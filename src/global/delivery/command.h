/*
 * command: a message to a program, and what its end means for the recipient: exit codes of sysexits.h, or an enhanced
 * status code at the start of its output.
 */
#ifndef GLOBAL_DELIVERY_COMMAND_H
#define GLOBAL_DELIVERY_COMMAND_H

#include "global/delivery/copy.h"
#include "util/process/process.h"

struct delivery_command {
	const struct process_spec *spec;
	const char *text;		/* how messages name it */
	int time_limit_sec;
};

/* The verdict is in dsn, "2.0.0" without a text for success; what the command said is appended to output, in one line. */
void	command_deliver(const struct delivery_request *request, const struct copy_envelope *envelope,
	    const struct delivery_command *command, struct dsn *dsn, struct buf *output);

/*
 * The words of a command line, and NULL: divided by blanks when nothing in it needs a shell; else the shell (NULL:
 * /bin/sh -c; "/path/to/shell -c": always that one) and the line. A shell knows more than programs (NAME=value in front,
 * and what "not found" means): where the first word is none, it is to be asked after all.
 */
char	**command_argv(struct arena *arena, const char *line, const char *shell);

#endif

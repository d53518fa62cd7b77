/*
 * run: programs that the commands of postfix(1) have others do their work with.
 */
#ifndef POSTFIX_RUN_H
#define POSTFIX_RUN_H

#include "postfix/control.h"

/* Waits for its end; 0: it succeeded. Found in PATH unless argv[0] is a path; it has our output. */
int	run_program(char *const *argv);
/* The same, with what it says (standard error, too) in output; false: it failed. */
bool	run_captured(char *const *argv, struct buf *output);
/* postconf -c DIRECTORY and these arguments, NULL ended. */
int	run_postconf(const struct control *control, const char *const *arguments);
/* Has it look at the settings and complain. */
void	run_postconf_for_warnings(const struct control *control);

#endif

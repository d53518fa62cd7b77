/*
 * command: what our commands share: descriptors, environment, log, configuration, and who may use which.
 *
 * Each ends by a fatal error, with the exit status log_set_fatal_status() was given, when its surroundings are unusable.
 */
#ifndef SERVICE_COMMAND_H
#define SERVICE_COMMAND_H

#include "global/config/config.h"
#include "table/table.h"

/* First of all: descriptors 0-2, log to standard error and syslog. The environment is cleaned when we run set-gid. */
void		 command_begin(const char *name);
bool		 command_is_privileged(void);		/* set-gid, and the user is not root */
/*
 * Loads main.cf from the directory of -c (NULL: from MAIL_CONFIG or the built-in one) and names the log as it says. For
 * users of set-gid programs only directories that the built-in main.cf lists are allowed.
 */
struct config	*command_config(const char *directory);
void		 command_bind(struct config *config, const struct binding *bindings, void *out);
void		 command_enter_queue(struct config *config);	/* the working directory */
void		 command_verbose(void);				/* -v: for the superuser only, ignored for others */
void		 command_tables(struct config *config, struct table_env *env);

/* The login name of the real user, "unknown" when there is none; lives until the next call. */
const char	*command_user(void);
/* Is the real user on the list of names that this parameter holds? */
bool		 command_user_listed(struct config *config, const char *parameter);

#endif

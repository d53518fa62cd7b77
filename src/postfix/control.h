/*
 * control: what the commands of postfix(1) share, and the commands themselves. Each returns the exit status.
 */
#ifndef POSTFIX_CONTROL_H
#define POSTFIX_CONTROL_H

#include <sys/types.h>

#include "global/config/config.h"
#include "util/process/process.h"

struct postfix_settings {
	const char *queue_directory, *data_directory, *daemon_directory, *command_directory;
	const char *mail_owner, *setgid_group, *maillog_file;
};

struct control {
	struct config *config;
	struct postfix_settings settings;
	char **arguments;		/* of the command, NULL ended */
	bool debugger;			/* -D */
	int verbose;			/* -v */
	bool privileged;
	struct identity owner;		/* mail_owner; ourselves when unprivileged */
	gid_t setgid_group;
};

/* The expanded value of a parameter; fatal when it is in error. The configuration owns it. */
const char	*control_setting(const struct control *control, const char *name);

/* Runs multi_instance_wrapper with the words of the command, if there is one and more than this mail system. */
void	control_wrap(const struct control *control, char **command);

int	control_start(struct control *control);
int	control_start_foreground(struct control *control);
int	control_stop(struct control *control);
int	control_quick_stop(struct control *control);
int	control_abort(struct control *control);
int	control_reload(struct control *control);
int	control_flush(struct control *control);
int	control_status(struct control *control);
int	control_check(struct control *control);
int	control_logrotate(struct control *control);
int	control_non_bdb(struct control *control);
int	control_tls(struct control *control);
int	control_upgrade(struct control *control);
int	control_set_permissions(struct control *control);

/* Directories, owners, modes: made and put right. False when the system cannot run like this. */
bool	check_all(struct control *control);
/* What a start does without, but an administrator wants to know: programs, settings, tables. */
void	check_more(struct control *control);

#endif

/*
 * programs: owners and modes of what an installation consists of, outside of the queue.
 */
#ifndef POSTFIX_PROGRAMS_H
#define POSTFIX_PROGRAMS_H

#include "postfix/control.h"

enum permissions {
	PERMISSIONS_OF_CONFIGURATION,	/* complain about configuration files only: at each start */
	PERMISSIONS_OF_ALL,		/* complain about all */
	PERMISSIONS_MEND,		/* put all right */
};

/* False: something could not be put right. */
bool	programs_permissions(const struct control *control, enum permissions what);
/* The programs of master.cf must be there. */
void	programs_check_services(const struct control *control);

#endif

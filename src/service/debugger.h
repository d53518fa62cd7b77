/*
 * debugger: -D runs debugger_command beside the daemon, with process_name and process_id for it to expand.
 */
#ifndef SERVICE_DEBUGGER_H
#define SERVICE_DEBUGGER_H

#include "service/context.h"

void	debugger_start(struct service_context *ctx);	/* does nothing without -D */

#endif

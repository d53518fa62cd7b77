/*
 * confine: how the service frame puts a process into its sandbox: when, how strictly, and with which files.
 */
#ifndef SERVICE_CONFINE_H
#define SERVICE_CONFINE_H

#include "service/context.h"

/* Reads the parameter; before prepare. Fatal when it makes no sense. */
void	confine_configure(struct service_context *ctx);
/* After prepare, before chroot: what NSS will need is loaded while it can be seen. */
void	confine_load_name_services(const struct service_context *ctx);
/* After prepare and chroot, as whom we are to be: from here on only what was promised. */
void	confine(struct service_context *ctx);

#endif

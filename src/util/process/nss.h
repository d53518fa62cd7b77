/*
 * nss: loads the libraries of the name service switch now, while they can be seen and code may still be loaded. The C
 * library would do so at the first look-up, which may come behind a chroot or in a sandbox.
 */
#ifndef UTIL_PROCESS_NSS_H
#define UTIL_PROCESS_NSS_H

#include "util/text/buf.h"

/* Those that nsswitch.conf names for a database, "hosts" or "passwd". What cannot be loaded is left to the C library. */
void	nss_load(const char *database);
/* The parser: names of services in the text of an nsswitch.conf, "files dns"; reactions such as [NOTFOUND=return] skipped. */
void	nss_services(struct view text, const char *database, struct buf *out);

/*
 * Somebody was not found: is there any doubt? When the files of /etc (path: /etc/passwd) cannot be read for a moment, the C
 * library asks the next service, whose "no such name" then is the answer. 0: there is none; else the error number, EAGAIN
 * when the name is in the file after all.
 */
int	nss_doubt(const char *path, const char *name);

#endif

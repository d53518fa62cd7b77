/*
 * chroot: the copies that services with "y" in the chroot column of master.cf find in place of the files of the system.
 * They belong to root, below queue_directory, which is the working directory here.
 */
#ifndef POSTFIX_CHROOT_H
#define POSTFIX_CHROOT_H

#include <stdbool.h>

struct master_cf;

bool	chroot_is_used(const struct master_cf *table);
/* Makes what is missing and replaces what differs; what cannot be copied is warned of. */
void	chroot_refresh(void);
/* Names those that differ. */
void	chroot_check(const char *queue_directory);

#endif

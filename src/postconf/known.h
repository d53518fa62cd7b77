/*
 * known: which names mean something in this instance, and where each comes from. Besides the registry these are the
 * transports' own parameters ("slow_destination_recipient_limit", when master.cf has a "slow"), and names of the
 * administrator's that a setting in use refers to: $name, a restriction class, or the settings of a table
 * ("ldap:accounts" reads accounts_server_host).
 *
 * An option of master.cf may also name what only its own service refers to.
 */
#ifndef POSTCONF_KNOWN_H
#define POSTCONF_KNOWN_H

#include "global/config/config.h"
#include "global/config/master_cf.h"

enum name_class { NAME_BUILT_IN = 1 << 0, NAME_SERVICE = 1 << 1, NAME_USER = 1 << 2 };

struct known;

struct known	*known_new(struct config *config, const struct master_cf *services);	/* services may be NULL */
void		 known_free(struct known *known);
unsigned	 known_class(const struct known *known, struct view name);		/* 0: unknown */
/* Calls each() for all names of the classes in their order. */
void		 known_each(const struct known *known, unsigned classes, void (*each)(const char *name, void *arg), void *arg);
/* Does a value of this service's options refer to the name? */
bool		 known_to_service(const struct master_entry *entry, struct view name);
/* Names that are referred to and set nowhere: by main.cf, or by an option in master.cf. */
void		 known_each_undefined(const struct known *known, void (*each)(const char *name, bool in_master_cf, void *arg),
		    void *arg);
/* Files with the settings of tables: "mysql", "/etc/postfix/accounts.cf". */
void		 known_each_table_file(const struct known *known, void (*each)(const char *type, const char *path, void *arg),
		    void *arg);

#endif

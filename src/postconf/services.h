/*
 * services: master.cf as lines, fields and options.
 */
#ifndef POSTCONF_SERVICES_H
#define POSTCONF_SERVICES_H

#include "global/config/master_cf.h"
#include "postconf/print.h"

enum { SERVICE_FIELDS = 8 };
extern const char *const service_field_names[SERVICE_FIELDS];	/* service type private … command */

/* Patterns "name/type[/item]"; parts may be "*" or left out. None at all: everything. */
void	services_print_lines(const struct master_cf *cf, const struct print_style *style, char *const *patterns);
void	services_print_fields(const struct master_cf *cf, const struct print_style *style, char *const *patterns);
void	services_print_options(const struct master_cf *cf, const struct print_style *style, char *const *patterns);

/* One entry as master.cf has it, columns aligned; with fold, each -o on a line of its own. No line end. */
void	service_put(struct buf *out, const struct master_entry *entry, bool fold);
/* The command column alone. */
void	service_command_put(struct buf *out, const struct master_entry *entry);
void	service_word_put(struct buf *out, struct view text);	/* one argument, in braces where it needs them */
/* Is argv[i] the "name=value" of a -o? */
bool	service_option(const struct master_entry *entry, int i, struct view *name, struct view *value);

#endif

/*
 * services: master.cf as lines, fields and options.
 */
#ifndef POSTCONF_SERVICES_H
#define POSTCONF_SERVICES_H

#include "global/config/config.h"
#include "global/config/master_cf.h"
#include "postconf/print.h"

enum { SERVICE_FIELDS = 8 };
extern const char *const service_field_names[SERVICE_FIELDS];	/* service type private … command */

int	service_field_find(struct view name);		/* its index, or -1 */

/*
 * Shows lines ('M'), fields ('F') or options ('P'). expand: values of options with their $names replaced as the service
 * would do it; NULL: as written. Patterns "name/type[/item]", whose parts may be "*" or left out; none at all:
 * everything. A pattern that fits nothing gives a warning, one that cannot fit anything is fatal.
 */
void	services_print(const struct master_cf *cf, char what, struct config *expand, const struct print_style *style,
	    char *const *patterns);

/* One entry as master.cf has it, columns aligned; with fold, each -o on a line of its own. No line end. */
void	service_put(struct buf *out, const struct master_entry *entry, bool fold);
void	service_word_put(struct buf *out, struct view text);	/* one argument, in braces where it needs them */

/*
 * The next "-o name=value" of an entry. *at is 0 at first, later the index of the value. Options end before the first
 * argument that is none. What is not "name=value" is passed over.
 */
bool	service_option_next(const struct master_entry *entry, int *at, struct view *name, struct view *value);
/* Behind the last option: the index of the first argument that belongs to the program alone. */
int	service_options_end(const struct master_entry *entry);
/* The last setting of a name, which is the one that counts. */
bool	service_option_find(const struct master_entry *entry, struct view name, struct view *value);

#endif

/*
 * lists: what this build can do, one name a line, and the words of notices.
 */
#ifndef POSTCONF_LISTS_H
#define POSTCONF_LISTS_H

#include "global/config/config.h"

void	list_table_types(struct config *config);	/* with modules in shlib_directory */
void	list_lock_methods(void);
void	list_sasl_types(bool of_client);	/* else of the server */
void	list_tls(const char *what);		/* compile-version, run-version, public-key-algorithms; fatal for others */
/*
 * The templates of a file (NULL: of bounce_template_file; "": the built-in ones), as they would stand in one. expand:
 * with values for names.
 */
void	list_templates(struct config *config, const char *file, bool expand);

#endif

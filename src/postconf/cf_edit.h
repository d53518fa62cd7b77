/*
 * cf_edit: changes some logical lines of a configuration text and leaves every other byte as it is, comments included.
 * No I/O.
 */
#ifndef POSTCONF_CF_EDIT_H
#define POSTCONF_CF_EDIT_H

#include "util/text/buf.h"

enum cf_action { CF_KEEP, CF_REPLACE, CF_REMOVE, CF_COMMENT };

/*
 * Called for each logical line, joined as the parsers see it. For CF_REPLACE it appends the new lines, without the last
 * line end. Comments inside a line that is replaced or removed stay.
 */
typedef enum cf_action cf_decide(struct view line, struct buf *replacement, void *arg);

void	cf_edit(struct view text, cf_decide *decide, void *arg, struct buf *out);
void	cf_append(struct buf *out, struct view line);		/* at the end, on a line of its own */

#endif

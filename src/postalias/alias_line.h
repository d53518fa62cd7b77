/*
 * alias_line: one `name: value, value…` of an alias file.
 */
#ifndef POSTALIAS_ALIAS_LINE_H
#define POSTALIAS_ALIAS_LINE_H

#include "util/text/buf.h"

/*
 * The name in its quoted form (quotes only where it needs them), the values joined by ", ". False with a reason for
 * what is no alias.
 */
bool	alias_line_parse(struct view line, struct buf *name, struct buf *values, struct buf *why);

#endif

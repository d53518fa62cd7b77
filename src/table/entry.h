/*
 * entry: one "key value" line of a table's source.
 */
#ifndef TABLE_ENTRY_H
#define TABLE_ENTRY_H

#include "table/source.h"

/*
 * The key ends at the first blank outside double quotes (where backslash takes the next character); quotes stay part
 * of the key. Warns about what looks wrong, and returns false for a line that is no entry.
 */
bool	entry_parse(const struct source *source, struct view line, bool utf8, struct view *key, struct view *value);

#endif

/*
 * show: pairs on standard output: "key<TAB>value", or one JSON object a line.
 */
#ifndef POSTMAP_COMMON_SHOW_H
#define POSTMAP_COMMON_SHOW_H

#include "postmap/common/tool.h"

void	show_pair(const struct tool *tool, struct view key, struct view value);
void	show_value(const struct tool *tool, struct view key, struct view value);	/* the answer to one key */

#endif

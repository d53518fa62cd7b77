/*
 * show: pairs on standard output: "key<TAB>value", or one JSON object a line.
 */
#ifndef SERVICE_MAP_TOOL_SHOW_H
#define SERVICE_MAP_TOOL_SHOW_H

#include "service/map_tool/tool.h"

void	show_pair(const struct tool *tool, struct view key, struct view value);
void	show_value(const struct tool *tool, struct view key, struct view value);	/* the answer to one key */

#endif

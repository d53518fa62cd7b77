/*
 * fill: a page with its list of parameters in the place of the marker line.
 */
#ifndef MANUAL_FILL_H
#define MANUAL_FILL_H

#include <stdio.h>

#include "texts.h"

bool	fill_has_marker(const char *path);
/* The name of the page's file says whose list it gets; postconf.5 gets all. */
bool	fill_page(const struct texts *texts, const char *path, FILE *out, struct buf *why);

#endif

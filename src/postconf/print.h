/*
 * print: lines of output, in whichever form was asked for.
 */
#ifndef POSTCONF_PRINT_H
#define POSTCONF_PRINT_H

#include "util/text/buf.h"

struct print_style {
	bool values_only, names_only, fold, json;
};

/* Runs of blanks become one; with fold, lines end before column 80 and go on behind four blanks. */
void	print_pair(const struct print_style *style, const char *name, const char *value);
/* With the blanks and line ends that the value has. */
void	print_folded_pair(const struct print_style *style, const char *name, const char *value);

#endif

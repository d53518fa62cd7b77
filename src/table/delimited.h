/*
 * delimited: patterns as regexp and pcre tables write them: /pattern/flags, where a character toggles an option.
 */
#ifndef TABLE_DELIMITED_H
#define TABLE_DELIMITED_H

#include <stdint.h>

#include "util/text/buf.h"

struct delimited_flag {
	char letter;		/* 0 ends the table */
	uint32_t option;	/* toggled */
};

/*
 * Takes the pattern and its flags from the front of *rest, and the blanks behind. The delimiter is any character but a
 * letter, a digit or a blank; a backslash takes the next character, and stays. The pattern is copied.
 */
bool	delimited_parse(struct view *rest, const struct delimited_flag *flags, struct buf *pattern, uint32_t *options,
	    struct buf *why);

#endif

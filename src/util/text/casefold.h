/*
 * casefold: text made comparable without regard to case. ASCII alone, or Unicode full case folding ("Straße" and
 * "STRASSE" become the same), which is stable: folding twice changes nothing. No locale takes part.
 */
#ifndef UTIL_TEXT_CASEFOLD_H
#define UTIL_TEXT_CASEFOLD_H

#include "util/text/buf.h"

/* Appends the folded text. With utf8, text that is not UTF-8 is folded as ASCII. */
void	casefold_put(struct buf *out, struct view text, bool utf8);

#endif

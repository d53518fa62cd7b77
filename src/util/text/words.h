/*
 * words: the lists of our configuration: words divided by blanks and commas; `{ … }` is kept together wherever it
 * stands in a word ("inline:{a=1, b=2}" is one).
 */
#ifndef UTIL_TEXT_WORDS_H
#define UTIL_TEXT_WORDS_H

#include "util/text/buf.h"

/* Takes the next word from *rest, braces included. False at the end, and, with why set, when a brace is not closed. */
bool	words_next(struct view *rest, struct view *word, struct buf *why);
/* "{ x }" → "x", trimmed; false, and why, when the word is not one pair of braces with nothing but blanks around it. */
bool	words_inner(struct view word, struct view *inner, struct buf *why);

/* Is this one of the words? */
bool	words_contain(struct view list, struct view word);

#endif

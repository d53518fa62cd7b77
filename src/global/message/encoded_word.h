/* encoded_word: text beyond ASCII in a header (RFC 2047, 2): =?charset?Q?text?= or =?charset?B?text?=. */
#ifndef GLOBAL_MESSAGE_ENCODED_WORD_H
#define GLOBAL_MESSAGE_ENCODED_WORD_H

#include "util/text/buf.h"

enum { ENCODED_WORD_MAX = 75 };

/*
 * Appends the text as encoded words, each at most 75 bytes long and divided by blanks; mostly readable text as Q.
 * Good in a phrase and in a comment. UTF-8 characters are not torn apart when charset says utf-8.
 */
void	encoded_words_put(struct buf *out, struct view text, const char *charset);

#endif

/*
 * check: registry, texts and pages held against each other.
 */
#ifndef MANUAL_CHECK_H
#define MANUAL_CHECK_H

#include "texts.h"

/*
 * Prints what is wrong to standard output: texts without a row or twice, programs without a page, pages without a marker,
 * and, when all texts should be there, rows without a text. True when nothing is.
 */
bool	check_texts(const struct texts *texts, const char *pages, bool complete);

#endif

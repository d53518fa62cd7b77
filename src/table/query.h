/*
 * query: the % templates of SQL tables and their kin.
 *
 *	%s	the key (in a result_format: the result)
 *	%u %d	its local part, or all of it; its domain
 *	%1..%9	labels of the key's domain, from the right
 *	%S %U %D	in a result_format: of the key
 *	%%	a percent sign
 */
#ifndef TABLE_QUERY_H
#define TABLE_QUERY_H

#include "util/text/buf.h"

/* Puts a piece of the key or result, quoted as it must be. */
typedef bool	query_quote(void *arg, struct view piece, struct buf *out);

bool	query_template_valid(const char *template, struct buf *why);
/* False: the key (or value) lacks a part that the template names: there is no such query, or result. */
bool	query_expand(const char *template, struct view key, query_quote *quote, void *arg, struct buf *out);
bool	query_format(const char *template, struct view key, struct view value, struct buf *out);

#endif

/*
 * query: what tables behind a query language share: which keys are asked at all, `%` expansions in what is asked and in
 * what comes back, and the limit of results.
 *
 *	in a query	%s %S the key; %u %U its local part, or all of it; %d %D its domain
 *	in a result	%s the result; %u its local part, or all of it; %d its domain; %S %U %D as in a query
 *	in both		%1 … %9 labels of the key's domain, from the right; %% is '%'
 *
 * What a template names and a key (or result) does not have: that key is not asked, that result is left out.
 */
#ifndef TABLE_QUERY_H
#define TABLE_QUERY_H

#include "table/match_list.h"
#include "table/settings.h"

/* Makes text fit for its place in the query. False: it cannot be made so, and nobody knows whether it is there. */
typedef bool	query_quote(void *arg, struct view text, struct buf *out);

struct query {
	const char *title;		/* of the settings */
	const char *result_format;
	int expansion_limit;		/* 0: none */
	struct match_list *domains;	/* NULL: all */
};

struct query_results {
	const struct query *query;
	struct view key;
	struct buf *value;		/* joined by commas */
	int count;			/* below 0: above the limit */
};

/* Reads result_format, domain and expansion_limit. Lives no longer than the settings. */
bool		query_open(struct query *query, const struct table_env *env, struct settings *settings, struct buf *why);
void		query_close(struct query *query);
/* Is this a good template for the parameter of this name? */
bool		query_check(const struct query *query, const char *name, const char *template, struct buf *why);

/* FOUND: may be asked. */
enum lookup	query_eligible(const struct query *query, struct view key, struct buf *why);
/* Appends. NONE: not to be asked; RETRY: quoting failed; then *out may hold a part. quote may be NULL. */
enum lookup	query_expand(const char *template, struct view key, query_quote *quote, void *arg, struct buf *out);

void		query_begin(struct query_results *results, const struct query *query, struct view key, struct buf *value);
/* Adds one result, formatted. False: enough, above the limit. */
bool		query_add(struct query_results *results, struct view text);
enum lookup	query_end(const struct query_results *results, struct buf *why);

#endif

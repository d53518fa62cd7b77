/*
 * sql: tables in SQL databases, all but the talk with one kind of server, which a driver does. Several hosts share the
 * work: those on this machine come first, else chance decides; one that fails is left alone for a while, unless it is
 * the only one. When none answers the result is "could not ask".
 */
#ifndef TABLE_SQL_H
#define TABLE_SQL_H

#include "table/settings.h"

/* Takes one result; false: no more are wanted. */
typedef bool	sql_result(void *arg, struct view text);

struct sql_driver {
	const char *name;			/* of the type */
	bool early;				/* a file: opened with the table, and kept */
	bool names_in_quotes;			/* "x" is a name: no place for keys */
	const char *hosts;			/* where there are no others; NULL: the parameter is not for this type */
	const char *function;			/* the legacy parameter that names a stored function; NULL: none */
	/* What connections need to know, or NULL with a reason. It may point into the settings, which live longer. */
	void *(*configure)(struct settings *settings, const char *query, struct buf *why);
	void (*release)(void *options);
	void *(*connect)(void *options, const char *host, struct buf *why);	/* NULL: could not */
	void (*disconnect)(void *connection);
	bool (*quote)(void *connection, struct view text, struct buf *out);	/* see query_quote */
	/* Each column of each row in turn. False: an error; the connection is of no more use. */
	bool (*ask)(void *connection, const char *query, sql_result *each, void *arg, struct buf *why);
};

struct sql;

struct sql	*sql_open(const struct sql_driver *driver, const struct table_env *env, const char *name,
		    struct table_traits *traits, struct buf *why);
void		 sql_close(void *sql);
enum lookup	 sql_lookup(void *sql, struct view key, struct buf *value, struct buf *why);

#endif

/* sqlite: SQLite 3 databases, opened for reading. See table/module.h. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "table/module.h"

enum { BUSY_MS = 5000 };

struct connection {
	const struct table_host *host;
	void *table;
	sqlite3 *db;
};

extern const struct table_module table_module;

static void
close_database(void *state)
{
	struct connection *c = state;

	sqlite3_close(c->db);
	free(c);
}

/* Text in double quotes is a name to SQLite, and what stands there is not protected by our quoting (TB2). */
static bool
query_is_safe(const struct table_host *host, void *table)
{
	const char *query = host->parameter(table, "query", "");

	if (strstr(query, "\"%") == NULL)
		return true;
	host->fail(table, "the query has a key in double quotes: use single ones");
	return false;
}

static void *
open_database(const struct table_host *host, void *table)
{
	const char *path = host->parameter(table, "dbpath", "");
	struct connection *c;

	if (!query_is_safe(host, table) || (c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->host = host;
	c->table = table;
	if (sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK) {
		sqlite3_busy_timeout(c->db, BUSY_MS);
		return c;
	}
	host->fail(table, "open %s: %s", path, sqlite3_errmsg(c->db));
	close_database(c);
	return NULL;
}

static bool
quote(void *state, const char *text, size_t len, void *out)
{
	struct connection *c = state;

	for (size_t i = 0; i < len; i++)
		c->host->put(out, text[i] == '\'' ? "''" : &text[i], text[i] == '\'' ? 2 : 1);
	return true;
}

static bool
put_row(struct connection *c, sqlite3_stmt *statement, void *out)
{
	for (int i = 0; i < sqlite3_column_count(statement); i++)
		c->host->row(out, (const char *)sqlite3_column_text(statement, i), (size_t)sqlite3_column_bytes(statement, i));
	return true;
}

static bool
run(void *state, const char *query, void *out)
{
	struct connection *c = state;
	sqlite3_stmt *statement;
	int result;

	if (sqlite3_prepare_v2(c->db, query, -1, &statement, NULL) != SQLITE_OK) {
		c->host->fail(c->table, "bad query: %s", sqlite3_errmsg(c->db));
		return false;
	}
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		put_row(c, statement, out);
	if (result != SQLITE_DONE)
		c->host->fail(c->table, "%s", sqlite3_errmsg(c->db));
	sqlite3_finalize(statement);
	return result == SQLITE_DONE;
}

const struct table_module table_module = {
	.abi = TABLE_MODULE_ABI, .type = "sqlite", .open = open_database, .quote = quote, .query = run, .close = close_database,
};

/* sqlite: tables in SQLite files. */
#include <sqlite3.h>

#include "table/host.h"

enum { BUSY_MS = 10000 };

static const struct table_host *host;

static void
attach(const struct table_host *with)
{
	host = with;
}

static void *
configure(struct settings *settings, const char *query, struct buf *why)
{
	const char *path = host->settings_text(settings, "dbpath", NULL);

	if (path == NULL) {
		host->why_set(why, "%s: there is no \"dbpath\"", host->settings_title(settings));
		return NULL;
	}
	return (void *)(uintptr_t)path;
}

static void
release(void *options)
{
}

static void *
sqlite_connect(void *options, const char *name, struct buf *why)
{
	const char *path = options;
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		host->why_set(why, "open %s: %s", path, db != NULL ? sqlite3_errmsg(db) : "no memory");
		sqlite3_close(db);
		return NULL;
	}
	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);	/* "text" is a name and nothing else */
	return db;
}

static void
disconnect(void *connection)
{
	sqlite3_close_v2(connection);
}

static bool
quote(void *connection, struct view text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++)
		host->buf_put(out, text.data[i] == '\'' ? "''" : text.data + i, text.data[i] == '\'' ? 2 : 1);
	return true;
}

/* The columns of one row. */
static bool
take_row(sqlite3_stmt *statement, sql_result *each, void *arg)
{
	bool more = true;

	for (int i = 0; more && i < sqlite3_column_count(statement); i++) {
		const unsigned char *text = sqlite3_column_text(statement, i);

		if (text != NULL)
			more = each(arg, view_bytes(text, (size_t)sqlite3_column_bytes(statement, i)));
	}
	return more;
}

static bool
ask(void *connection, const char *query, sql_result *each, void *arg, struct buf *why)
{
	sqlite3 *db = connection;
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(db, query, -1, &statement, NULL);

	while (result == SQLITE_OK || result == SQLITE_ROW)
		if ((result = sqlite3_step(statement)) == SQLITE_ROW && !take_row(statement, each, arg))
			result = SQLITE_DONE;
	if (result != SQLITE_DONE)
		host->why_set(why, "query \"%s\": %s", query, sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	return result == SQLITE_DONE;
}

static const struct sql_driver driver = {
	.name = "sqlite",
	.early = true,
	.names_in_quotes = true,
	.configure = configure,
	.release = release,
	.connect = sqlite_connect,
	.disconnect = disconnect,
	.quote = quote,
	.ask = ask,
};

static enum lookup
lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	return host->sql_lookup(state, key, value, why);
}

static void
sqlite_close(void *state)
{
	host->sql_close(state);
}

static void *
sqlite_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	return host->sql_open(&driver, env, name, traits, why);
}

static const struct table_ops ops = { .lookup = lookup, .close = sqlite_close };

static const struct table_type type = { .name = "sqlite", .ops = &ops, .open = sqlite_open, .promises = "file-read" };

extern const struct table_module table_module;
const struct table_module table_module = { TABLE_MODULE_ABI, &type, attach };

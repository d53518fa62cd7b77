/* pgsql: tables in PostgreSQL servers. The library is used without blocking, so that each wait has an end. */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#include "table/host.h"

enum { CONNECT_MS = 10000, CONNECT_MAX_SEC = 3600, ANSWER_MS = 60000 };

static const struct table_host *host;

struct options {
	const char *user, *password, *database, *encoding;
};

static void
attach(const struct table_host *with)
{
	host = with;
}

static void *
configure(struct settings *settings, const char *query, struct buf *why)
{
	struct options *o = host->mem_new(sizeof(*o));

	*o = (struct options){
		.user = host->settings_text(settings, "user", NULL),
		.password = host->settings_text(settings, "password", NULL),
		.database = host->settings_text(settings, "dbname", NULL),
		.encoding = host->settings_text(settings, "encoding", "UTF8"),		/* TB15 */
	};
	return o;
}

static void
release(void *options)
{
	host->mem_free(options);
}

/* -- connecting ------------------------------------------------------------------------------------------------------- */

/* One line; libpq's messages end in a newline and may hold more. */
static void
set_reason(const PGconn *pg, const char *what, struct buf *why)
{
	const char *text = PQerrorMessage(pg);

	host->why_set(why, "%s: %.*s", what, (int)strcspn(text, "\n"), text);
}

/* Waits for the socket. False: the time is over. */
static bool
wait_for(const PGconn *pg, short events, msec_t deadline)
{
	struct pollfd ready = { .fd = PQsocket(pg), .events = events };
	int n;

	do {
		msec_t left = deadline - host->clock_now();

		n = left > 0 ? poll(&ready, 1, (int)left) : 0;
	} while (n == -1 && errno == EINTR);
	return n > 0;
}

/* A URI may say how long. */
static msec_t
connect_limit(PGconn *pg)
{
	PQconninfoOption *options = PQconninfo(pg);
	long seconds = 0;

	for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, "connect_timeout") == 0 && o->val != NULL)
			seconds = strtol(o->val, NULL, 10);
	PQconninfoFree(options);
	return seconds > 0 && seconds < CONNECT_MAX_SEC ? seconds * 1000 : CONNECT_MS;
}

static bool
finish_connecting(PGconn *pg, struct buf *why)
{
	msec_t deadline = host->clock_now() + connect_limit(pg);
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (PQstatus(pg) != CONNECTION_BAD && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		if (!wait_for(pg, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
			host->why_set(why, "connect: no answer in time");
			return false;
		}
		state = PQconnectPoll(pg);
	}
	if (PQstatus(pg) == CONNECTION_OK)
		return true;
	set_reason(pg, "connect", why);
	return false;
}

/* What a URI says stands behind the other settings, and wins. */
static PGconn *
start_uri(const struct options *o, const char *uri)
{
	const char *names[] = { "user", "password", "client_encoding", "dbname", NULL };
	const char *values[] = { o->user, o->password, o->encoding, uri, NULL };

	return PQconnectStartParams(names, values, 1);
}

static PGconn *
start_at(const struct options *o, const char *place, const char *port)
{
	const char *names[] = { "host", "port", "user", "password", "dbname", "client_encoding", NULL };
	const char *values[] = { place, port, o->user, o->password, o->database, o->encoding, NULL };

	return PQconnectStartParams(names, values, 0);
}

/* "host", "host:port", "/directory/of/the/socket" with "inet:" or "unix:" in front, or a URI. */
static PGconn *
start_named(const struct options *o, const char *name)
{
	char *copy, *place, *port;
	PGconn *pg;

	if (strstr(name, "://") != NULL)
		return start_uri(o, name);
	place = copy = host->mem_string(name);
	if (strncmp(place, "inet:", 5) == 0 || strncmp(place, "unix:", 5) == 0)
		place += 5;
	if ((port = strrchr(place, ':')) != NULL)
		*port++ = '\0';
	pg = start_at(o, place, port);
	host->mem_free(copy);
	return pg;
}

static void *
pgsql_connect(void *options, const char *name, struct buf *why)
{
	PGconn *pg = start_named(options, name);

	if (pg == NULL) {
		host->why_set(why, "no memory");
		return NULL;
	}
	if (finish_connecting(pg, why) && PQsetnonblocking(pg, 1) == 0)
		return pg;
	PQfinish(pg);
	return NULL;
}

static void
disconnect(void *connection)
{
	PQfinish(connection);
}

/* -- asking ----------------------------------------------------------------------------------------------------------- */

static bool
quote(void *connection, struct view text, struct buf *out)
{
	int error = 0;
	size_t length = PQescapeStringConn(connection, host->buf_reserve(out, text.len * 2 + 1), text.data, text.len,
	    &error);

	if (error != 0)
		return false;
	host->buf_added(out, length);
	return true;
}

static bool
take_rows(const PGresult *rows, sql_result *each, void *arg)
{
	bool more = true;

	for (int i = 0; more && i < PQntuples(rows); i++)
		for (int j = 0; more && j < PQnfields(rows); j++)
			if (!PQgetisnull(rows, i, j))
				more = each(arg, view_bytes(PQgetvalue(rows, i, j), (size_t)PQgetlength(rows, i, j)));
	return more;
}

static bool
send_query(PGconn *pg, const char *query, msec_t deadline)
{
	int left;

	if (PQsendQuery(pg, query) != 1)
		return false;
	while ((left = PQflush(pg)) == 1)
		if (!wait_for(pg, POLLOUT, deadline))
			return false;
	return left == 0;
}

/* The next result of a query, or NULL behind the last one. False: it does not come. */
static bool
next_result(PGconn *pg, msec_t deadline, PGresult **out)
{
	while (PQisBusy(pg) != 0)
		if (!wait_for(pg, POLLIN, deadline) || PQconsumeInput(pg) != 1)
			return false;
	*out = PQgetResult(pg);
	return true;
}

/* All results are read, or the connection is of no more use. */
static bool
ask(void *connection, const char *query, sql_result *each, void *arg, struct buf *why)
{
	msec_t deadline = host->clock_now() + ANSWER_MS;
	PGresult *rows = NULL;
	bool good = send_query(connection, query, deadline), came = good, more = true;

	while (came && (came = next_result(connection, deadline, &rows)) && rows != NULL) {
		ExecStatusType status = PQresultStatus(rows);

		good = good && (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK);
		more = good && more && take_rows(rows, each, arg);
		PQclear(rows);
	}
	if (!good || !came)
		set_reason(connection, came ? "query" : "no answer", why);
	return good && came;
}

/* -- the type --------------------------------------------------------------------------------------------------------- */

static const struct sql_driver driver = {
	.name = "pgsql",
	.names_in_quotes = true,
	.hosts = "localhost",
	.function = "select_function",
	.configure = configure,
	.release = release,
	.connect = pgsql_connect,
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
pgsql_close(void *state)
{
	host->sql_close(state);
}

static void *
pgsql_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	return host->sql_open(&driver, env, name, traits, why);
}

static const struct table_ops ops = { .lookup = lookup, .close = pgsql_close };

static const struct table_type type = {
	.name = "pgsql", .ops = &ops, .open = pgsql_open, .promises = "net-connect unix-connect dns nss file-read",
};

extern const struct table_module table_module;
const struct table_module table_module = { TABLE_MODULE_ABI, &type, attach };

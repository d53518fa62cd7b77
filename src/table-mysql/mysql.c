/* mysql: tables in MySQL and MariaDB servers. */
#include <mysql.h>
#include <stdlib.h>

#include "table/host.h"

enum { CONNECT_SEC = 10, ANSWER_SEC = 60 };

static const struct table_host *host;

struct options {
	const char *user, *password, *database, *charset;
	const char *file, *group;			/* of the library's own options */
	const char *certificate, *key, *ca_file, *ca_path, *ciphers;
	bool verify, needs_rows;
};

struct connection {
	MYSQL *mysql;
	bool needs_rows;
};

struct place {					/* where a host is */
	char *name;
	const char *host, *socket;
	unsigned port;
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
	const struct {
		const char **value;
		const char *name, *otherwise;
	} texts[] = {
		{ &o->user, "user", NULL }, { &o->password, "password", NULL }, { &o->database, "dbname", NULL },
		{ &o->charset, "charset", "utf8mb4" }, { &o->file, "option_file", NULL },
		{ &o->group, "option_group", "client" }, { &o->certificate, "tls_cert_file", NULL },
		{ &o->key, "tls_key_file", NULL }, { &o->ca_file, "tls_CAfile", NULL },
		{ &o->ca_path, "tls_CApath", NULL }, { &o->ciphers, "tls_ciphers", NULL },
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		*texts[i].value = host->settings_text(settings, texts[i].name, texts[i].otherwise);
	if (host->settings_yes(settings, "tls_verify_cert", false, &o->verify, why) &&
	    host->settings_yes(settings, "require_result_set", true, &o->needs_rows, why))
		return o;
	host->mem_free(o);
	return NULL;
}

static void
release(void *options)
{
	host->mem_free(options);
}

/* -- connecting ------------------------------------------------------------------------------------------------------- */

/* "host", "host:port", "inet:…", "unix:/path" or "/path". */
static void
place_of(const char *name, struct place *place)
{
	char *colon;

	*place = (struct place){ .name = host->mem_string(name) };
	place->host = place->name;
	if (strncmp(name, "unix:", 5) == 0 || name[0] == '/') {
		place->host = NULL;
		place->socket = place->name + (name[0] == '/' ? 0 : 5);
		return;
	}
	if (strncmp(name, "inet:", 5) == 0)
		place->host += 5;
	if ((colon = strrchr(place->name + (place->host - place->name), ':')) == NULL)
		return;
	place->port = (unsigned)strtoul(colon + 1, NULL, 10);
	*colon = '\0';
}

static void
set_text(MYSQL *mysql, enum mysql_option option, const char *text)
{
	if (text != NULL && text[0] != '\0')
		mysql_options(mysql, option, text);
}

/* TB4: without verification a certificate is taken as it is; with it, the name counts as well as the chain. */
static void
set_tls(MYSQL *mysql, const struct options *o)
{
	my_bool verify = o->verify, enforce = o->verify || o->ca_file != NULL || o->ca_path != NULL ||
	    o->certificate != NULL;

	set_text(mysql, MYSQL_OPT_SSL_CERT, o->certificate);
	set_text(mysql, MYSQL_OPT_SSL_KEY, o->key != NULL ? o->key : o->certificate);
	set_text(mysql, MYSQL_OPT_SSL_CA, o->ca_file);
	set_text(mysql, MYSQL_OPT_SSL_CAPATH, o->ca_path);
	set_text(mysql, MYSQL_OPT_SSL_CIPHER, o->ciphers);
	if (enforce)
		mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
	mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

static void
set_options(MYSQL *mysql, const struct options *o)
{
	unsigned connect_sec = CONNECT_SEC, answer_sec = ANSWER_SEC;

	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_sec);
	mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &answer_sec);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &answer_sec);
	set_text(mysql, MYSQL_SET_CHARSET_NAME, o->charset);		/* TB15 */
	set_text(mysql, MYSQL_READ_DEFAULT_FILE, o->file);
	set_text(mysql, MYSQL_READ_DEFAULT_GROUP, o->group);		/* without a file, of the library's own ones */
	set_tls(mysql, o);
}

static void *
connect_to(const struct options *o, const struct place *place, struct buf *why)
{
	struct connection *connection;
	MYSQL *mysql = mysql_init(NULL);

	if (mysql == NULL) {
		host->why_set(why, "no memory");
		return NULL;
	}
	set_options(mysql, o);
	if (mysql_real_connect(mysql, place->host, o->user, o->password, o->database, place->port, place->socket,
	    CLIENT_MULTI_RESULTS) == NULL) {
		host->why_set(why, "connect: %s", mysql_error(mysql));
		mysql_close(mysql);
		return NULL;
	}
	connection = host->mem_new(sizeof(*connection));
	*connection = (struct connection){ mysql, o->needs_rows };
	return connection;
}

static void *
mysql_start(void *options, const char *name, struct buf *why)
{
	struct place place;
	void *connection;

	place_of(name, &place);
	connection = connect_to(options, &place, why);
	host->mem_free(place.name);
	return connection;
}

static void
disconnect(void *arg)
{
	struct connection *connection = arg;

	mysql_close(connection->mysql);
	host->mem_free(connection);
}

/* -- asking ----------------------------------------------------------------------------------------------------------- */

static bool
quote(void *arg, struct view text, struct buf *out)
{
	struct connection *connection = arg;
	unsigned long length = mysql_real_escape_string(connection->mysql, host->buf_reserve(out, text.len * 2 + 1),
	    text.data, text.len);

	if (length == (unsigned long)-1)
		return false;
	host->buf_added(out, length);
	return true;
}

static bool
take_rows(MYSQL_RES *rows, sql_result *each, void *arg)
{
	unsigned columns = mysql_num_fields(rows);
	MYSQL_ROW row;
	bool more = true;

	while (more && (row = mysql_fetch_row(rows)) != NULL) {
		const unsigned long *lengths = mysql_fetch_lengths(rows);

		for (unsigned i = 0; more && i < columns; i++)
			if (row[i] != NULL)
				more = each(arg, view_bytes(row[i], lengths[i]));
	}
	return more;
}

/* A stored procedure gives any number of sets and a status at the end; all are read, or the connection is unusable. */
static bool
take_sets(struct connection *connection, sql_result *each, void *arg, struct buf *why)
{
	MYSQL *mysql = connection->mysql;
	bool more = true, any = false;
	int next;

	do {
		MYSQL_RES *rows = mysql_store_result(mysql);

		if (rows == NULL && mysql_errno(mysql) != 0)
			return false;
		if (rows != NULL) {
			any = true;
			more = more && take_rows(rows, each, arg);
			mysql_free_result(rows);
		}
	} while ((next = mysql_next_result(mysql)) == 0);
	if (next > 0)
		return false;
	if (any || !connection->needs_rows)
		return true;
	host->why_set(why, "the query gave no result set (require_result_set)");
	return false;
}

static bool
ask(void *arg, const char *query, sql_result *each, void *each_arg, struct buf *why)
{
	struct connection *connection = arg;

	if (mysql_query(connection->mysql, query) == 0 && take_sets(connection, each, each_arg, why))
		return true;
	if (mysql_errno(connection->mysql) != 0)
		host->why_set(why, "query: %s", mysql_error(connection->mysql));
	return false;
}

/* -- the type --------------------------------------------------------------------------------------------------------- */

static const struct sql_driver driver = {
	.name = "mysql",
	.hosts = "localhost",
	.configure = configure,
	.release = release,
	.connect = mysql_start,
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
mysql_table_close(void *state)
{
	host->sql_close(state);
}

static void *
mysql_table_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits,
    struct buf *why)
{
	if (mysql_library_init(0, NULL, NULL) != 0) {
		host->why_set(why, "the MySQL library does not start");
		return NULL;
	}
	return host->sql_open(&driver, env, name, traits, why);
}

static const struct table_ops ops = { .lookup = lookup, .close = mysql_table_close };

static const struct table_type type = {
	.name = "mysql", .ops = &ops, .open = mysql_table_open, .promises = "net-connect unix-connect dns file-read",
};

extern const struct table_module table_module;
const struct table_module table_module = { TABLE_MODULE_ABI, &type, attach };

#include "table/sql.h"

#include <sys/random.h>

#include "table/query.h"
#include "util/log/log.h"
#include "util/text/chars.h"

struct host {
	char *name;
	bool local;			/* a socket of this machine */
	void *connection;		/* NULL: none */
	msec_t used;			/* the last time */
	msec_t rest_until;		/* it failed: not asked before */
	bool tried;			/* by the current lookup, in vain */
};

struct sql {
	const struct sql_driver *driver;
	struct settings *settings;
	struct query query;
	void *options;
	char *template;
	struct host *hosts;
	size_t host_count;
	int idle_sec, retry_sec;
};

/* -- opening ---------------------------------------------------------------------------------------------------------- */

void
sql_close(void *state)
{
	struct sql *sql = state;

	for (size_t i = 0; i < sql->host_count; i++) {
		if (sql->hosts[i].connection != NULL)
			sql->driver->disconnect(sql->hosts[i].connection);
		mem_free(sql->hosts[i].name);
	}
	if (sql->options != NULL)
		sql->driver->release(sql->options);
	query_close(&sql->query);
	settings_free(sql->settings);
	mem_free(sql->hosts);
	mem_free(sql->template);
	mem_free(sql);
}

static void
add_host(struct sql *sql, struct view name)
{
	struct buf text = BUF_INIT;
	struct view path = name;

	if (view_starts(path, VIEW("unix:")))
		path = view_slice(path, strlen("unix:"), path.len);
	buf_putv(&text, name);
	sql->hosts = mem_resize(sql->hosts, (sql->host_count + 1) * sizeof(*sql->hosts));
	sql->hosts[sql->host_count++] = (struct host){
		.local = path.len < name.len || (path.len > 0 && path.data[0] == '/'), .name = buf_detach(&text),
	};
}

static void
add_hosts(struct sql *sql)
{
	const char *otherwise = sql->driver->hosts;
	struct view rest, name;

	if (otherwise == NULL) {
		add_host(sql, VIEW(""));
		return;
	}
	rest = view_string(settings_text(sql->settings, "hosts", otherwise));
	while (view_word(&rest, ", \t\r\n", &name))
		add_host(sql, name);
	if (sql->host_count == 0)
		add_host(sql, view_string(otherwise));
}

/* The way to say it before there was `query`. */
static bool
legacy_template(struct sql *sql, struct buf *out, struct buf *why)
{
	const char *function = NULL, *table = settings_text(sql->settings, "table", NULL),
	    *select = settings_text(sql->settings, "select_field", NULL),
	    *where = settings_text(sql->settings, "where_field", NULL);

	if (sql->driver->function != NULL)
		function = settings_text(sql->settings, sql->driver->function, NULL);
	if (function != NULL) {
		buf_printf(out, "SELECT %s('%%s')", function);
		return true;
	}
	if (table == NULL || select == NULL || where == NULL) {
		why_set(why, "%s: there is no \"query\"", settings_title(sql->settings));
		return false;
	}
	buf_printf(out, "SELECT %s FROM %s WHERE %s = '%%s' %s", select, table, where,
	    settings_text(sql->settings, "additional_conditions", ""));
	return true;
}

/* The quote of E'…': its prefix is a word of its own. */
static bool
has_escapes(const char *query, const char *quote)
{
	size_t before = (size_t)(quote - query);

	return before > 0 && (quote[-1] == 'E' || quote[-1] == 'e')
	    && (before == 1 || !char_is(quote[-2], CHAR_NAME));
}

/*
 * Does an expansion stand where our quoting protects nothing? Text in double quotes is a name to those who follow the
 * standard, and in E'…' PostgreSQL knows escapes (TB2).
 */
static bool
unsafe_expansion(const char *query)
{
	bool unsafe = false;
	char inside = 0;

	for (const char *at = query; *at != '\0'; at++) {
		if (*at == '%' && *++at != '%' && unsafe)
			return true;
		if (inside != 0) {
			inside = *at == inside ? 0 : inside;
			unsafe = unsafe && inside != 0;
		} else if (*at == '\'' || *at == '"') {
			inside = *at;
			unsafe = *at == '"' || has_escapes(query, at);
		}
	}
	return false;
}

static bool
read_template(struct sql *sql, struct buf *why)
{
	const char *query = settings_text(sql->settings, "query", NULL);
	struct buf text = BUF_INIT;

	if (query != NULL)
		buf_puts(&text, query);
	else if (!legacy_template(sql, &text, why))
		return false;
	sql->template = buf_detach(&text);
	if (!query_check(&sql->query, "query", sql->template, why))
		return false;
	if (sql->driver->names_in_quotes && unsafe_expansion(sql->template)) {
		why_set(why, "%s: query: put expansions into plain single quotes, not into double ones: %s",
		    settings_title(sql->settings), sql->template);
		return false;
	}
	return true;
}

static bool
configure(struct sql *sql, const struct table_env *env, struct buf *why)
{
	struct settings *settings = sql->settings;

	if (!query_open(&sql->query, env, settings, why) || !read_template(sql, why) ||
	    !settings_number(settings, "idle_interval", 1, INT32_MAX, 60, &sql->idle_sec, why) ||
	    !settings_number(settings, "retry_interval", 1, INT32_MAX, 60, &sql->retry_sec, why))
		return false;
	add_hosts(sql);
	return (sql->options = sql->driver->configure(settings, sql->template, why)) != NULL;
}

struct sql *
sql_open(const struct sql_driver *driver, const struct table_env *env, const char *name, struct table_traits *traits,
    struct buf *why)
{
	struct settings *settings = settings_open(env, driver->name, name, why);
	struct sql *sql;

	if (settings == NULL)
		return NULL;
	sql = mem_new(sizeof(*sql));
	sql->driver = driver;
	sql->settings = settings;
	if (!configure(sql, env, why)) {
		sql_close(sql);
		return NULL;
	}
	settings_traits(settings, traits);
	traits->remote = !driver->early;
	if (!driver->early || (sql->hosts[0].connection = driver->connect(sql->options, "", why)) != NULL)
		return sql;
	sql_close(sql);
	return NULL;
}

/* -- choosing a host -------------------------------------------------------------------------------------------------- */

static uint32_t
chance(void)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return (uint32_t)clock_now();
	return number;
}

/* The lower, the better; negative: not now. */
static int
rank_of(const struct host *host)
{
	if (host->tried || (host->connection == NULL && clock_now() < host->rest_until))
		return -1;
	return (host->connection == NULL ? 2 : 0) + (host->local ? 0 : 1);
}

/* One of the best, each with the same chance; NULL: there is none. */
static struct host *
choose(struct sql *sql)
{
	struct host *best = NULL;
	int best_rank = 0;
	uint32_t equals = 0;

	for (size_t i = 0; i < sql->host_count; i++) {
		int rank = rank_of(&sql->hosts[i]);

		if (rank < 0 || (best != NULL && rank > best_rank))
			continue;
		equals = best != NULL && rank == best_rank ? equals + 1 : 1;
		if (equals == 1 || chance() % equals == 0)
			best = &sql->hosts[i];
		best_rank = rank;
	}
	return best;
}

static void
hang_up(const struct sql *sql, struct host *host)
{
	if (host->connection == NULL || sql->driver->early)
		return;
	sql->driver->disconnect(host->connection);
	host->connection = NULL;
}

/* The only host is tried again at once: it may be the face of many (TB17). */
static void
give_up(const struct sql *sql, struct host *host)
{
	hang_up(sql, host);
	host->tried = true;
	if (sql->host_count > 1)
		host->rest_until = clock_now() + (msec_t)sql->retry_sec * 1000;
}

static void
begin(struct sql *sql)
{
	for (size_t i = 0; i < sql->host_count; i++) {
		struct host *host = &sql->hosts[i];

		host->tried = false;
		if (host->connection != NULL && clock_now() - host->used >= (msec_t)sql->idle_sec * 1000)
			hang_up(sql, host);
	}
}

/* -- asking ----------------------------------------------------------------------------------------------------------- */

static bool
take_result(void *arg, struct view text)
{
	return query_add(arg, text);
}

/* False: the host could not say. */
static bool
ask(struct sql *sql, struct host *host, struct query_results *results, enum lookup *result, struct buf *why)
{
	struct buf text = BUF_INIT;
	bool answered = true;

	*result = query_expand(sql->template, results->key, sql->driver->quote, host->connection, &text);
	if (*result == LOOKUP_RETRY)
		why_set(why, "key \"%.*s\" cannot be quoted", VIEW_ARG(results->key));
	if (*result == LOOKUP_FOUND) {
		query_begin(results, results->query, results->key, results->value);
		answered = sql->driver->ask(host->connection, buf_c(&text), take_result, results, why);
		*result = answered ? query_end(results, why) : LOOKUP_RETRY;
	}
	buf_fini(&text);
	return answered;
}

/* A connection of before may have been closed meanwhile: that says nothing about the host. */
static bool
ask_host(struct sql *sql, struct host *host, struct query_results *results, enum lookup *result, struct buf *why)
{
	bool kept = host->connection != NULL && !sql->driver->early;
	struct buf reason = BUF_INIT;
	bool answered;

	if (host->connection == NULL)
		host->connection = sql->driver->connect(sql->options, host->name, &reason);
	answered = host->connection != NULL && ask(sql, host, results, result, &reason);
	host->used = clock_now();
	if (!answered && kept)
		hang_up(sql, host);
	else if (!answered)
		give_up(sql, host);
	if (!answered && !kept)
		log_warn("%s: %s%s%s", sql->query.title, host->name, host->name[0] != '\0' ? ": " : "", buf_c(&reason));
	if (reason.len > 0)
		why_set(why, "%s: %s", sql->query.title, buf_c(&reason));
	buf_fini(&reason);
	return answered;
}

enum lookup
sql_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct sql *sql = state;
	struct query_results results;
	enum lookup result = query_eligible(&sql->query, key, why);
	struct host *host;

	if (result != LOOKUP_FOUND)
		return result;
	begin(sql);
	query_begin(&results, &sql->query, key, value);
	why_set(why, "%s: no host can be asked now", sql->query.title);
	while ((host = choose(sql)) != NULL)
		if (ask_host(sql, host, &results, &result, why))
			return result;
	return LOOKUP_RETRY;
}

/*
 * redis: strings in a Redis or Valkey server. Beyond Postfix. Writable: what is stored lives for `ttl` seconds.
 */
#include <hiredis.h>
#include <strings.h>

#include "table/host.h"

enum { SCAN_COUNT = 100, VALUE_DEFAULT = 102400 };

static const struct table_host *host;

struct redis {
	struct settings *settings;
	struct query query;
	const char *key_format, *user, *password;
	int database, ttl_sec, timeout_sec, value_max;
	redisContext *connection;	/* NULL: none */
	struct buf key;			/* as the server knows it */
	char *cursor;			/* of a walk; NULL: at its end */
	redisReply *page;		/* the keys of the walk that came last */
	size_t page_at;
};

static void
attach(const struct table_host *with)
{
	host = with;
}

/* -- connecting ------------------------------------------------------------------------------------------------------- */

static void
hang_up(struct redis *r)
{
	if (r->connection != NULL)
		redisFree(r->connection);
	r->connection = NULL;
}

/* "inet:host:port", "host:port", "host", "unix:/path" */
static redisContext *
dial(const char *name, struct timeval timeout)
{
	char *copy, *place, *port;
	redisContext *connection;

	if (strncmp(name, "unix:", 5) == 0)
		return redisConnectUnixWithTimeout(name + 5, timeout);
	copy = host->mem_string(strncmp(name, "inet:", 5) == 0 ? name + 5 : name);
	place = copy;
	if ((port = strrchr(copy, ':')) != NULL)
		*port++ = '\0';
	if (place[0] == '[' && place[strlen(place) - 1] == ']') {
		place[strlen(place) - 1] = '\0';
		place++;
	}
	connection = redisConnectWithTimeout(place, port != NULL ? (int)strtol(port, NULL, 10) : 6379, timeout);
	host->mem_free(copy);
	return connection;
}

static bool
is_error(const redisReply *reply)
{
	return reply == NULL || reply->type == REDIS_REPLY_ERROR;
}

/* The reason of a failure. After a broken connection the next call makes another. */
static void
set_reason(struct redis *r, const redisReply *reply, struct buf *why)
{
	const char *text = reply != NULL ? reply->str : r->connection != NULL ? r->connection->errstr : "no memory";

	host->why_set(why, "%s: %s", host->settings_title(r->settings), text);
	if (reply == NULL)
		hang_up(r);
}

/* Takes the reply of one of the first commands. */
static bool
greeted(struct redis *r, redisReply *reply, struct buf *why)
{
	bool good = !is_error(reply);

	if (!good)
		set_reason(r, reply, why);
	if (reply != NULL)
		freeReplyObject(reply);
	return good;
}

static bool
greet(struct redis *r, struct buf *why)
{
	if (r->password != NULL && r->user != NULL &&
	    !greeted(r, redisCommand(r->connection, "AUTH %s %s", r->user, r->password), why))
		return false;
	if (r->password != NULL && r->user == NULL &&
	    !greeted(r, redisCommand(r->connection, "AUTH %s", r->password), why))
		return false;
	return r->database == 0 || greeted(r, redisCommand(r->connection, "SELECT %d", r->database), why);
}

static bool
connect_to(struct redis *r, const char *name, struct buf *why)
{
	struct timeval timeout = { .tv_sec = r->timeout_sec };

	r->connection = dial(name, timeout);
	if (r->connection == NULL || r->connection->err != 0) {
		set_reason(r, NULL, why);
		return false;
	}
	redisSetTimeout(r->connection, timeout);
	if (greet(r, why))
		return true;
	hang_up(r);
	return false;
}

/* The hosts in the order of the list. */
static bool
connect_any(struct redis *r, struct buf *why)
{
	char *list = host->mem_string(host->settings_text(r->settings, "hosts", "localhost:6379")), *rest = list, *name;
	bool done = false;

	host->why_set(why, "%s: there are no hosts", host->settings_title(r->settings));
	while (!done && (name = strsep(&rest, ", \t\r\n")) != NULL)
		done = name[0] != '\0' && connect_to(r, name, why);
	host->mem_free(list);
	return done;
}

/* One command; a connection that was lost meanwhile is made again, once. NULL: a failure, why is set. */
static redisReply *
command(struct redis *r, size_t count, const char **words, const size_t *lengths, struct buf *why)
{
	redisReply *reply = NULL;

	for (int i = 0; i < 2 && reply == NULL; i++) {
		bool kept = r->connection != NULL;

		if (!kept && !connect_any(r, why))
			return NULL;
		reply = redisCommandArgv(r->connection, (int)count, words, lengths);
		if (reply == NULL)
			set_reason(r, NULL, why);
		if (!kept)
			break;
	}
	if (reply == NULL || reply->type != REDIS_REPLY_ERROR)
		return reply;
	set_reason(r, reply, why);
	freeReplyObject(reply);
	return NULL;
}

/* -- the table -------------------------------------------------------------------------------------------------------- */

static bool
make_key(struct redis *r, struct view key)
{
	r->key.len = 0;
	return host->query_expand(r->key_format, key, NULL, NULL, &r->key) == LOOKUP_FOUND && r->key.len > 0;
}

static enum lookup
take_value(struct redis *r, const redisReply *reply, struct query_results *results, struct buf *why)
{
	if (reply->type == REDIS_REPLY_NIL)
		return LOOKUP_NONE;
	if (reply->type != REDIS_REPLY_STRING || reply->len > (size_t)r->value_max) {
		host->why_set(why, "%s: the value of \"%s\" is no string, or above value_size_limit",
		    host->settings_title(r->settings), r->key.data);
		return LOOKUP_RETRY;
	}
	host->query_add(results, view_bytes(reply->str, reply->len));
	return host->query_end(results, why);
}

static enum lookup
redis_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct redis *r = state;
	enum lookup result = host->query_eligible(&r->query, key, why);
	struct query_results results;
	redisReply *reply;

	if (result != LOOKUP_FOUND)
		return result;
	if (!make_key(r, key))
		return LOOKUP_NONE;
	reply = command(r, 2, (const char *[]){ "GET", r->key.data }, (size_t[]){ 3, r->key.len }, why);
	if (reply == NULL)
		return LOOKUP_RETRY;
	host->query_begin(&results, &r->query, key, value);
	result = take_value(r, reply, &results, why);
	freeReplyObject(reply);
	return result;
}

static redisReply *
store(struct redis *r, struct view value, struct buf *why)
{
	char seconds[16] = "0";
	const char *words[] = { "SET", r->key.data, value.len > 0 ? value.data : "", "EX", seconds };
	size_t lengths[] = { 3, r->key.len, value.len, 2, 0 };

	lengths[4] = (size_t)snprintf(seconds, sizeof(seconds), "%d", r->ttl_sec);
	return command(r, r->ttl_sec > 0 ? 5 : 3, words, lengths, why);
}

static bool
redis_update(void *state, struct view key, struct view value, struct buf *why)
{
	struct redis *r = state;
	redisReply *reply;

	if (!make_key(r, key)) {
		host->why_set(why, "%s: there is no such key", host->settings_title(r->settings));
		return false;
	}
	if ((reply = store(r, value, why)) == NULL)
		return false;
	freeReplyObject(reply);
	return true;
}

static enum lookup
redis_remove(void *state, struct view key, struct buf *why)
{
	struct redis *r = state;
	redisReply *reply;
	bool some;

	if (!make_key(r, key))
		return LOOKUP_NONE;
	reply = command(r, 2, (const char *[]){ "DEL", r->key.data }, (size_t[]){ 3, r->key.len }, why);
	if (reply == NULL)
		return LOOKUP_RETRY;
	some = reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;
	freeReplyObject(reply);
	return some ? LOOKUP_FOUND : LOOKUP_NONE;
}

/* -- walking ---------------------------------------------------------------------------------------------------------- */

static void
end_walk(struct redis *r)
{
	if (r->page != NULL)
		freeReplyObject(r->page);
	host->mem_free(r->cursor);
	r->page = NULL;
	r->cursor = NULL;
	r->page_at = 0;
}

/* What stands before and behind %s in key_format. */
static size_t
prefix_length(const struct redis *r)
{
	const char *at = strstr(r->key_format, "%s");

	return at != NULL && at[2] == '\0' && strchr(r->key_format, '%') == at ? (size_t)(at - r->key_format) : SIZE_MAX;
}

static const redisReply *
keys_of(const struct redis *r)
{
	return r->page->element[1];
}

/* The next run of keys; the server says where it goes on, and "0" at the end. */
static bool
next_page(struct redis *r, struct buf *why)
{
	char count[16];
	struct buf pattern = { 0 };
	char *from = r->cursor;
	redisReply *page;

	snprintf(count, sizeof(count), "%d", SCAN_COUNT);
	host->buf_put(&pattern, r->key_format, prefix_length(r));
	host->buf_put(&pattern, "*", 1);
	page = command(r, 6, (const char *[]){ "SCAN", from, "MATCH", pattern.data, "COUNT", count },
	    (size_t[]){ 4, strlen(from), 5, pattern.len, 5, strlen(count) }, why);
	host->buf_fini(&pattern);
	if (page == NULL)
		return false;
	r->cursor = NULL;
	end_walk(r);
	host->mem_free(from);
	r->page = page;
	if (page->type == REDIS_REPLY_ARRAY && page->elements == 2 && page->element[1]->type == REDIS_REPLY_ARRAY) {
		r->cursor = host->mem_string(page->element[0]->str != NULL ? page->element[0]->str : "0");
		return true;
	}
	host->why_set(why, "%s: unexpected answer", host->settings_title(r->settings));
	end_walk(r);
	return false;
}

/* FOUND: the page has a key left. */
static enum lookup
find_key(struct redis *r, struct buf *why)
{
	while (r->page == NULL || r->page_at == keys_of(r)->elements) {
		if (r->cursor == NULL || (r->page != NULL && strcmp(r->cursor, "0") == 0))
			return LOOKUP_NONE;
		if (!next_page(r, why))
			return LOOKUP_RETRY;
	}
	return LOOKUP_FOUND;
}

/* NONE: the key has gone meanwhile. */
static enum lookup
read_pair(struct redis *r, const redisReply *name, struct buf *key, struct buf *value, struct buf *why)
{
	redisReply *reply = command(r, 2, (const char *[]){ "GET", name->str }, (size_t[]){ 3, name->len }, why);
	size_t prefix = prefix_length(r);

	if (reply == NULL)
		return LOOKUP_RETRY;
	if (reply->type != REDIS_REPLY_STRING || name->len < prefix) {
		freeReplyObject(reply);
		return LOOKUP_NONE;
	}
	key->len = value->len = 0;
	host->buf_put(key, name->str + prefix, name->len - prefix);
	host->buf_put(value, reply->str, reply->len);
	freeReplyObject(reply);
	return LOOKUP_FOUND;
}

static enum lookup
redis_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	struct redis *r = state;
	enum lookup result;

	if (prefix_length(r) == SIZE_MAX) {
		host->why_set(why, "%s: only with a key_format that ends in %%s it can be listed",
		    host->settings_title(r->settings));
		return LOOKUP_RETRY;
	}
	if (restart) {
		end_walk(r);
		r->cursor = host->mem_string("0");
	}
	while ((result = find_key(r, why)) == LOOKUP_FOUND) {
		const redisReply *name = keys_of(r)->element[r->page_at++];

		if (name->type == REDIS_REPLY_STRING && (result = read_pair(r, name, key, value, why)) != LOOKUP_NONE)
			return result;
	}
	return result;
}

/* -- opening ---------------------------------------------------------------------------------------------------------- */

static void
redis_close(void *state)
{
	struct redis *r = state;

	end_walk(r);
	hang_up(r);
	host->query_close(&r->query);
	host->settings_free(r->settings);
	host->buf_fini(&r->key);
	host->mem_free(r);
}

static bool
configure(struct redis *r, const struct table_env *env, struct buf *why)
{
	struct settings *s = r->settings;

	r->key_format = host->settings_text(s, "key_format", "%s");
	r->user = host->settings_text(s, "user", NULL);
	r->password = host->settings_text(s, "password", NULL);
	return host->query_open(&r->query, env, s, why) &&
	    host->query_check(&r->query, "key_format", r->key_format, why) &&
	    host->settings_number(s, "dbnumber", 0, INT32_MAX, 0, &r->database, why) &&
	    host->settings_number(s, "ttl", 0, INT32_MAX, 0, &r->ttl_sec, why) &&
	    host->settings_number(s, "timeout", 1, 3600, 10, &r->timeout_sec, why) &&
	    host->settings_number(s, "value_size_limit", 1, INT32_MAX, VALUE_DEFAULT, &r->value_max, why);
}

static void *
redis_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct redis *r = host->mem_new(sizeof(*r));

	if ((r->settings = host->settings_open(env, "redis", name, why)) != NULL && configure(r, env, why)) {
		host->settings_traits(r->settings, traits);
		traits->remote = true;
		return r;
	}
	redis_close(r);
	return NULL;
}

static const struct table_ops ops = {
	.lookup = redis_lookup,
	.update = redis_update,
	.remove = redis_remove,
	.next = redis_next,
	.close = redis_close,
};

static const struct table_type type = {
	.name = "redis", .ops = &ops, .open = redis_open, .promises = "net-connect unix-connect dns",
};

extern const struct table_module table_module;
const struct table_module table_module = { TABLE_MODULE_ABI, &type, attach };

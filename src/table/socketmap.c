#include "table/remote.h"
#include "table/types.h"
#include "util/base/number.h"
#include "util/log/log.h"

/*
 * socketmap: a server of many maps that speaks netstrings. Names are "inet:host:port:map" and "unix:path:map".
 *
 *	"map key"		"OK value"		found
 *				"NOTFOUND "		not there
 *				"TEMP text", "TIMEOUT text"
 *				"PERM text"		do not ask again: the client is misconfigured
 */

enum { LENGTH_DIGITS_MAX = 9, REPLY_DEFAULT = 100000, QUERY_DEFAULT = 10000 };

static const struct remote_limits limits = { 100000, 10000, 100000 };

struct socketmap {
	struct remote *remote;
	char *map;
	long long reply_max, query_max;
	bool refused;			/* the last answer was PERM */
};

struct exchange {
	struct socketmap *map;
	struct view key;
	struct buf reply;
};

/* -- netstrings ------------------------------------------------------------------------------------------------------- */

static enum remote_result
failure(enum stream_result result, struct buf *why)
{
	if (result != STREAM_TIMEOUT)
		return REMOTE_LOST;
	why_set(why, "no answer in time");
	return REMOTE_MALFORMED;
}

/* The digits and their ':'; so few that the number cannot overflow. */
static enum remote_result
read_length(struct stream *stream, size_t *out, struct buf *why)
{
	enum stream_result result;
	size_t length = 0;
	char c;

	for (int digits = 0; (result = stream_exact(stream, &c, 1)) == STREAM_OK; digits++) {
		if (c == ':' && digits > 0) {
			*out = length;
			return REMOTE_ANSWERED;
		}
		if (c < '0' || c > '9' || digits == LENGTH_DIGITS_MAX) {
			why_set(why, "malformed netstring");
			return REMOTE_MALFORMED;
		}
		length = length * 10 + (size_t)(c - '0');
	}
	return failure(result, why);
}

static enum remote_result
read_netstring(struct stream *stream, size_t max, struct buf *out, struct buf *why)
{
	enum remote_result result;
	enum stream_result got;
	size_t length;

	if ((result = read_length(stream, &length, why)) != REMOTE_ANSWERED)
		return result;
	if (length > max) {
		why_set(why, "answer of %zu bytes is above socketmap_max_reply_size", length);
		return REMOTE_MALFORMED;
	}
	buf_reset(out);
	if ((got = stream_exact(stream, buf_reserve(out, length + 1), length + 1)) != STREAM_OK)
		return failure(got, why);
	buf_added(out, length + 1);
	if (out->data[length] != ',') {
		why_set(why, "malformed netstring");
		return REMOTE_MALFORMED;
	}
	buf_truncate(out, length);
	return REMOTE_ANSWERED;
}

static enum remote_result
query(struct stream *stream, void *arg, struct buf *why)
{
	struct exchange *exchange = arg;
	const struct socketmap *map = exchange->map;

	stream_printf(stream, "%zu:%s ", strlen(map->map) + 1 + exchange->key.len, map->map);
	stream_put(stream, exchange->key);
	stream_puts(stream, ",");
	return read_netstring(stream, (size_t)map->reply_max, &exchange->reply, why);
}

/* -- the table -------------------------------------------------------------------------------------------------------- */

static enum lookup
judge(const struct exchange *exchange, struct buf *value, struct buf *why)
{
	struct view reply = buf_view(&exchange->reply), word = reply, rest = VIEW_EMPTY;

	view_split(reply, ' ', &word, &rest);
	if (view_is(word, "OK") && view_find(rest, '\0') < 0) {
		buf_set(value, rest);
		return LOOKUP_FOUND;
	}
	if (view_is(word, "NOTFOUND"))
		return LOOKUP_NONE;
	exchange->map->refused = view_is(word, "PERM");
	why_set(why, "socketmap server says: %.*s", VIEW_ARG(reply));
	return LOOKUP_RETRY;
}

static enum lookup
socketmap_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct exchange exchange = { .map = state, .key = key };
	enum lookup found = LOOKUP_RETRY;

	exchange.map->refused = false;
	if (strlen(exchange.map->map) + 1 + key.len > (size_t)exchange.map->query_max) {
		log_warn("socketmap: query of %zu bytes is above socketmap_max_query_size: not sent", key.len);
		return LOOKUP_NONE;
	}
	if (remote_ask(exchange.map->remote, query, &exchange, why))
		found = judge(&exchange, value, why);
	buf_fini(&exchange.reply);
	return found;
}

static bool
socketmap_refused(void *state)
{
	const struct socketmap *map = state;

	return map->refused;
}

static long long
limit(const struct table_env *env, const char *name, long long otherwise)
{
	const char *text = env->setting != NULL ? env->setting(env->arg, name) : NULL;
	long long number;

	return text != NULL && number_parse(text, 1, INT32_MAX, &number) ? number : otherwise;
}

static void
socketmap_close(void *state)
{
	struct socketmap *map = state;

	remote_free(map->remote);
	mem_free(map->map);
	mem_free(map);
}

static void *
socketmap_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct view endpoint, map_name;
	struct remote *remote;
	struct socketmap *map;

	if (!view_rsplit(view_string(name), ':', &endpoint, &map_name) || map_name.len == 0 ||
	    !(view_starts(endpoint, VIEW("inet:")) || view_starts(endpoint, VIEW("unix:")))) {
		why_set(why, "bad name \"%s\": need inet:host:port:map or unix:path:map", name);
		return NULL;
	}
	if ((remote = remote_new(endpoint, &limits, why)) == NULL)
		return NULL;
	map = mem_new(sizeof(*map));
	map->remote = remote;
	map->map = mem_string(map_name.data);
	map->reply_max = limit(env, "socketmap_max_reply_size", REPLY_DEFAULT);
	map->query_max = limit(env, "socketmap_max_query_size", QUERY_DEFAULT);
	*traits = (struct table_traits){ .kind = TABLE_PATTERN, .remote = true, .owner_trusted = true };
	return map;
}

static const struct table_ops ops = { .lookup = socketmap_lookup, .close = socketmap_close, .refused = socketmap_refused };

const struct table_type table_socketmap = {
	.name = "socketmap", .ops = &ops, .open = socketmap_open, .promises = "net-connect unix-connect dns",
};

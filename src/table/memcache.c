#include <poll.h>

#include "table/query.h"
#include "table/remote.h"
#include "table/types.h"
#include "util/base/sha256.h"
#include "util/log/log.h"
#include "util/text/encode.h"

/*
 * memcache: a memcached server, spoken to in its text protocol, as a cache in front of another table.
 *
 *	get KEY CRLF			VALUE KEY FLAGS LENGTH CRLF data CRLF END CRLF, or END CRLF
 *	set KEY FLAGS TTL LENGTH CRLF data CRLF		STORED CRLF
 *	delete KEY CRLF			DELETED CRLF, NOT_FOUND CRLF
 *
 * `backup` names a table that is asked when the cache does not know, and that gets every update as well; what it
 * answers is put into the cache. Without it an answer that cannot be had is "could not ask".
 */

enum { KEY_MAX = 250, NUMBER_DIGITS = 10 };

struct memcache {
	struct settings *settings;
	struct query query;
	struct remote *remote;
	struct table *backup;		/* NULL: none */
	const char *key_format;
	bool digest;			/* keys are digests */
	int ttl_sec, flags, data_max, line_max, tries, pause_sec, timeout_sec;
	struct buf key;			/* as the server knows it */
};

struct exchange {
	const struct memcache *m;
	struct view key, data;		/* data: to be stored */
	struct buf *value;		/* what was found */
	struct buf line;
	enum lookup result;
};

/* -- keys ------------------------------------------------------------------------------------------------------------- */

/* Blanks and control characters would be read as something else (TB13). */
static bool
is_clean(struct view key)
{
	for (size_t i = 0; i < key.len; i++)
		if ((unsigned char)key.data[i] <= ' ' || key.data[i] == 127)
			return false;
	return key.len > 0 && key.len <= KEY_MAX;
}

static void
put_digest(struct view text, struct buf *out)
{
	uint8_t digest[SHA256_SIZE];

	sha256(text.data, text.len, digest);
	hex_encode(out, view_bytes(digest, sizeof(digest)), false);
}

/* False: no key that the server could have. */
static bool
make_key(struct memcache *m, struct view key)
{
	struct buf text = BUF_INIT;
	bool good = query_expand(m->key_format, key, NULL, NULL, &text) == LOOKUP_FOUND;

	buf_reset(&m->key);
	if (m->digest)
		put_digest(buf_view(&text), &m->key);
	else
		buf_set(&m->key, buf_view(&text));
	buf_fini(&text);
	return good && is_clean(buf_view(&m->key));
}

/* -- the protocol ----------------------------------------------------------------------------------------------------- */

static enum remote_result
malformed(struct exchange *e, const char *what, struct buf *why)
{
	why_set(why, "%s: \"%.60s\"", what, buf_c(&e->line));
	return REMOTE_MALFORMED;
}

/* A server that is silent is not asked again by remote.h: how often is for max_try to say. */
static enum remote_result
lost(enum stream_result result, struct buf *why)
{
	if (result != STREAM_TIMEOUT)
		return REMOTE_LOST;
	why_set(why, "no answer in time");
	return REMOTE_MALFORMED;
}

static enum remote_result
read_line(struct stream *stream, struct exchange *e, struct buf *why)
{
	enum stream_result result = stream_line(stream, (size_t)e->m->line_max, &e->line);

	switch (result) {
	case STREAM_OK:
		break;
	case STREAM_LONG:
		return malformed(e, "a line above line_size_limit", why);
	default:
		return lost(result, why);
	}
	if (e->line.len > 0 && e->line.data[e->line.len - 1] == '\r')
		buf_truncate(&e->line, e->line.len - 1);
	return REMOTE_ANSWERED;
}

/* "VALUE key flags length": the length, for the key that was asked. */
static bool
value_length(const struct exchange *e, size_t *out)
{
	struct view rest = buf_view(&e->line), word[4] = { VIEW_EMPTY };
	unsigned long long length;
	size_t n = 0;

	while (n < ARRAY_COUNT(word) && view_word(&rest, " ", &word[n]))
		n++;
	if (n < 4 || !view_is(word[0], "VALUE") || !view_equal(word[1], e->key) || word[3].len > NUMBER_DIGITS ||
	    !view_number(word[3], &length))
		return false;
	*out = (size_t)length;
	return true;
}

static enum remote_result
read_value(struct stream *stream, struct exchange *e, struct buf *why)
{
	enum remote_result result;
	enum stream_result got;
	size_t length;

	if (!value_length(e, &length))
		return malformed(e, "unexpected answer", why);
	if (length > (size_t)e->m->data_max)
		return malformed(e, "a value above data_size_limit", why);
	buf_reset(e->value);
	if ((got = stream_exact(stream, buf_reserve(e->value, length + 2), length + 2)) != STREAM_OK)
		return lost(got, why);
	buf_added(e->value, length + 2);
	if (!view_ends(buf_view(e->value), VIEW("\r\n")))
		return malformed(e, "a value that does not end where it should", why);
	buf_truncate(e->value, length);
	if ((result = read_line(stream, e, why)) == REMOTE_ANSWERED && !view_is(buf_view(&e->line), "END"))
		return malformed(e, "unexpected answer", why);
	e->result = LOOKUP_FOUND;
	return result;
}

static enum remote_result
get(struct stream *stream, void *arg, struct buf *why)
{
	struct exchange *e = arg;
	enum remote_result result;

	stream_printf(stream, "get %.*s\r\n", VIEW_ARG(e->key));
	e->result = LOOKUP_NONE;
	if ((result = read_line(stream, e, why)) != REMOTE_ANSWERED || view_is(buf_view(&e->line), "END"))
		return result;
	return read_value(stream, e, why);
}

static enum remote_result
set(struct stream *stream, void *arg, struct buf *why)
{
	struct exchange *e = arg;
	enum remote_result result;

	stream_printf(stream, "set %.*s %d %d %zu\r\n", VIEW_ARG(e->key), e->m->flags, e->m->ttl_sec, e->data.len);
	stream_put(stream, e->data);
	stream_puts(stream, "\r\n");
	result = read_line(stream, e, why);
	if (result == REMOTE_ANSWERED && !view_is(buf_view(&e->line), "STORED"))
		return malformed(e, "not stored", why);
	return result;
}

static enum remote_result
delete(struct stream *stream, void *arg, struct buf *why)
{
	struct exchange *e = arg;
	enum remote_result result;

	stream_printf(stream, "delete %.*s\r\n", VIEW_ARG(e->key));
	if ((result = read_line(stream, e, why)) != REMOTE_ANSWERED)
		return result;
	if (view_is(buf_view(&e->line), "DELETED"))
		e->result = LOOKUP_FOUND;
	else if (view_is(buf_view(&e->line), "NOT_FOUND"))
		e->result = LOOKUP_NONE;
	else
		return malformed(e, "not deleted", why);
	return REMOTE_ANSWERED;
}

/* RETRY: the server could not be asked. */
static enum lookup
talk(struct memcache *m, remote_exchange *how, struct exchange *e, struct buf *why)
{
	bool answered = false;

	e->m = m;
	e->key = buf_view(&m->key);
	for (int i = 0; i < m->tries && !answered; i++) {
		if (i > 0)
			poll(NULL, 0, m->pause_sec * 1000);
		answered = remote_ask(m->remote, how, e, why);
	}
	buf_fini(&e->line);
	return answered ? e->result : LOOKUP_RETRY;
}

/* -- the table -------------------------------------------------------------------------------------------------------- */

/* With a backup, a cache that is down is slow and nothing worse. */
static enum lookup
ask_cache(struct memcache *m, struct view key, struct buf *value, struct buf *why)
{
	struct exchange e = { .value = value };
	struct buf reason = BUF_INIT;
	enum lookup result = LOOKUP_NONE;

	if (make_key(m, key))
		result = talk(m, get, &e, &reason);
	if (result == LOOKUP_RETRY && m->backup != NULL) {
		log_warn("%s: %s; asking %s", settings_title(m->settings), buf_c(&reason), table_name(m->backup));
		result = LOOKUP_NONE;
	} else if (result == LOOKUP_RETRY) {
		why_set(why, "%s: %s", settings_title(m->settings), buf_c(&reason));
	}
	buf_fini(&reason);
	return result;
}

static bool
put_cache(struct memcache *m, struct view key, struct view value, struct buf *why)
{
	struct exchange e = { .data = value, .result = LOOKUP_FOUND };

	if (value.len > (size_t)m->data_max) {
		why_set(why, "%s: a value above data_size_limit", settings_title(m->settings));
		return false;
	}
	if (!make_key(m, key)) {
		why_set(why, "%s: no key for memcached: \"%.*s\"", settings_title(m->settings), VIEW_ARG(key));
		return false;
	}
	return talk(m, set, &e, why) != LOOKUP_RETRY;
}

static enum lookup
memcache_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct memcache *m = state;
	enum lookup result = query_eligible(&m->query, key, why);

	if (result == LOOKUP_FOUND)
		result = ask_cache(m, key, value, why);
	else
		return result;
	if (result != LOOKUP_NONE || m->backup == NULL)
		return result;
	if ((result = table_lookup(m->backup, key, value, why)) == LOOKUP_FOUND)
		put_cache(m, key, buf_view(value), NULL);
	return result;
}

static bool
memcache_update(void *state, struct view key, struct view value, struct buf *why)
{
	struct memcache *m = state;
	bool cached = put_cache(m, key, value, why);

	if (m->backup == NULL)
		return cached;
	return table_update(m->backup, key, value, why);
}

static enum lookup
memcache_remove(void *state, struct view key, struct buf *why)
{
	struct memcache *m = state;
	struct exchange e = { .key = VIEW_EMPTY };
	enum lookup result = make_key(m, key) ? talk(m, delete, &e, why) : LOOKUP_NONE;

	return m->backup == NULL ? result : table_delete(m->backup, key, why);
}

/* What is in memcached cannot be listed; what is in the backup can. */
static enum lookup
memcache_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	struct memcache *m = state;

	if (m->backup != NULL)
		return table_next(m->backup, restart, key, value, why);
	why_set(why, "%s: without a backup it cannot be listed", settings_title(m->settings));
	return LOOKUP_RETRY;
}

static bool
memcache_commit(void *state, struct buf *why)
{
	struct memcache *m = state;

	return m->backup == NULL || table_commit(m->backup, why);
}

static void
memcache_close(void *state)
{
	struct memcache *m = state;

	remote_free(m->remote);
	table_close(m->backup);
	query_close(&m->query);
	settings_free(m->settings);
	buf_fini(&m->key);
	mem_free(m);
}

static bool
read_numbers(struct memcache *m, struct buf *why)
{
	const struct {
		const char *name;
		int *out, min, otherwise;
	} numbers[] = {
		{ "ttl", &m->ttl_sec, 0, 3600 }, { "flags", &m->flags, 0, 0 },
		{ "data_size_limit", &m->data_max, 1, 10240 }, { "line_size_limit", &m->line_max, 1, 1024 },
		{ "max_try", &m->tries, 1, 2 }, { "retry_pause", &m->pause_sec, 1, 1 }, { "timeout", &m->timeout_sec, 1, 2 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
		if (!settings_number(m->settings, numbers[i].name, numbers[i].min, INT32_MAX / 1000, numbers[i].otherwise,
		    numbers[i].out, why))
			return false;
	return true;
}

static bool
configure(struct memcache *m, const struct table_env *env, unsigned flags, struct buf *why)
{
	const char *backup = settings_text(m->settings, "backup", ""), *digest = settings_text(m->settings, "key_digest", "");

	m->key_format = settings_text(m->settings, "key_format", "%s");
	if (!query_open(&m->query, env, m->settings, why) || !query_check(&m->query, "key_format", m->key_format, why) ||
	    !read_numbers(m, why))
		return false;
	m->digest = view_is_nocase(view_string(digest), "sha256");
	if (digest[0] != '\0' && !m->digest) {
		why_set(why, "%s: key_digest = %s: need \"sha256\" or nothing", settings_title(m->settings), digest);
		return false;
	}
	if (backup[0] != '\0')
		m->backup = table_open(env, view_string(backup), flags);
	if (m->backup == NULL || table_broken(m->backup) == NULL)
		return true;
	why_set(why, "%s", table_broken(m->backup));
	return false;
}

static bool
connect_later(struct memcache *m, struct buf *why)
{
	msec_t timeout = (msec_t)m->timeout_sec * 1000;
	const struct remote_limits limits = { timeout, 100000, 3600000 };

	m->remote = remote_new(view_string(settings_text(m->settings, "memcache", "inet:localhost:11211")), &limits, why);
	return m->remote != NULL;
}

static void *
memcache_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct memcache *m = mem_new(sizeof(*m));

	if ((m->settings = settings_open(env, "memcache", name, why)) != NULL && configure(m, env, flags, why) &&
	    connect_later(m, why)) {
		traits->remote = true;
		settings_traits(m->settings, traits);
		return m;
	}
	memcache_close(m);
	return NULL;
}

static const struct table_ops ops = {
	.lookup = memcache_lookup,
	.update = memcache_update,
	.remove = memcache_remove,
	.next = memcache_next,
	.commit = memcache_commit,
	.close = memcache_close,
};

const struct table_type table_memcache = {
	.name = "memcache", .ops = &ops, .open = memcache_open, .promises = "net-connect unix-connect dns",
};

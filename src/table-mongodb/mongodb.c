/*
 * mongodb: tables in MongoDB collections. `query_filter` is a document that the key is put into; of what it finds, the
 * fields of `result_attribute` are results, or all that `projection` leaves. An array is as many results as it has
 * members.
 */
#include <inttypes.h>
#include <mongoc/mongoc.h>

#include "table/host.h"

enum { DEPTH_MAX = 8 };

static const struct table_host *host;

struct mongodb {
	struct settings *settings;
	struct query query;
	const char *database, *collection, *filter, *fields;
	bson_t *options;		/* of each search: what is sent back */
	mongoc_client_t *client;
};

static void
attach(const struct table_host *with)
{
	host = with;
}

/* -- searching -------------------------------------------------------------------------------------------------------- */

/* Inside of a JSON string (RFC 8259, 7). */
static bool
quote(void *arg, struct view text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c < ' ' || c == '"' || c == '\\')
			host->buf_printf(out, "\\u%04x", c);
		else
			host->buf_put(out, text.data + i, 1);
	}
	return true;
}

static void	take_all(struct query_results *results, bson_iter_t *at, int depth);

static void
take_number(struct query_results *results, int64_t number)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%" PRId64, number);

	host->query_add(results, view_bytes(text, (size_t)length));
}

/* Strings and whole numbers count; what is neither, nor holds any, is no result. */
static void
take(struct query_results *results, const bson_iter_t *value, int depth)
{
	bson_iter_t inner;
	const char *text;
	uint32_t length;

	if (BSON_ITER_HOLDS_UTF8(value)) {
		text = bson_iter_utf8(value, &length);
		host->query_add(results, view_bytes(text, length));
	} else if (BSON_ITER_HOLDS_INT32(value) || BSON_ITER_HOLDS_INT64(value)) {
		take_number(results, bson_iter_as_int64(value));
	} else if (depth < DEPTH_MAX && (BSON_ITER_HOLDS_ARRAY(value) || BSON_ITER_HOLDS_DOCUMENT(value)) &&
	    bson_iter_recurse(value, &inner)) {
		take_all(results, &inner, depth + 1);
	}
}

static void
take_all(struct query_results *results, bson_iter_t *at, int depth)
{
	while (bson_iter_next(at))
		take(results, at, depth);
}

static void
take_named(struct query_results *results, const bson_t *document, const char *fields)
{
	char *list = host->mem_string(fields), *rest = list, *name;
	bson_iter_t at, value;

	while ((name = strsep(&rest, ", \t\r\n")) != NULL)
		if (name[0] != '\0' && bson_iter_init(&at, document) && bson_iter_find_descendant(&at, name, &value))
			take(results, &value, 0);
	host->mem_free(list);
}

static void
take_document(const struct mongodb *m, struct query_results *results, const bson_t *document)
{
	bson_iter_t at;

	if (m->fields != NULL)
		take_named(results, document, m->fields);
	else if (bson_iter_init(&at, document))
		take_all(results, &at, 0);
}

static enum lookup
search(struct mongodb *m, const bson_t *filter, struct query_results *results, struct buf *why)
{
	mongoc_collection_t *collection = mongoc_client_get_collection(m->client, m->database, m->collection);
	mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(collection, filter, m->options, NULL);
	bson_error_t error;
	const bson_t *document;
	bool failed;

	while (results->count >= 0 && mongoc_cursor_next(cursor, &document))
		take_document(m, results, document);
	if ((failed = mongoc_cursor_error(cursor, &error)))
		host->why_set(why, "%s: %s", host->settings_title(m->settings), error.message);
	mongoc_cursor_destroy(cursor);
	mongoc_collection_destroy(collection);
	return failed ? LOOKUP_RETRY : host->query_end(results, why);
}

static enum lookup
ask(struct mongodb *m, struct view key, struct buf *value, struct buf *why)
{
	struct query_results results;
	struct buf text = { 0 };
	enum lookup result;
	bson_error_t error;
	bson_t *filter;

	host->query_begin(&results, &m->query, key, value);
	if ((result = host->query_expand(m->filter, key, quote, NULL, &text)) == LOOKUP_FOUND) {
		filter = bson_new_from_json((const uint8_t *)text.data, (ssize_t)text.len, &error);
		if (filter != NULL) {
			result = search(m, filter, &results, why);
			bson_destroy(filter);
		} else {
			host->why_set(why, "%s: query_filter: %s", host->settings_title(m->settings), error.message);
			result = LOOKUP_RETRY;
		}
	}
	host->buf_fini(&text);
	return result;
}

static enum lookup
mongodb_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct mongodb *m = state;
	enum lookup result = host->query_eligible(&m->query, key, why);

	return result == LOOKUP_FOUND ? ask(m, key, value, why) : result;
}

/* -- opening ---------------------------------------------------------------------------------------------------------- */

static void
mongodb_close(void *state)
{
	struct mongodb *m = state;

	if (m->client != NULL)
		mongoc_client_destroy(m->client);
	if (m->options != NULL)
		bson_destroy(m->options);
	host->query_close(&m->query);
	host->settings_free(m->settings);
	host->mem_free(m);
}

static bool
bad(const struct mongodb *m, const char *what, const char *reason, struct buf *why)
{
	host->why_set(why, "%s: %s: %s", host->settings_title(m->settings), what, reason);
	return false;
}

static bool
read_projection(struct mongodb *m, struct buf *why)
{
	const char *text = host->settings_text(m->settings, "projection", NULL);
	bson_error_t error;
	bson_t *projection;

	m->options = bson_new();
	if (text == NULL)
		return true;
	if (m->fields != NULL)
		return bad(m, "projection", "not together with result_attribute", why);
	if ((projection = bson_new_from_json((const uint8_t *)text, -1, &error)) == NULL)
		return bad(m, "projection", error.message, why);
	BSON_APPEND_DOCUMENT(m->options, "projection", projection);
	bson_destroy(projection);
	return true;
}

static bool
read_names(struct mongodb *m, struct buf *why)
{
	const struct {
		const char **value, *name;
	} needed[] = {
		{ &m->database, "dbname" }, { &m->collection, "collection" }, { &m->filter, "query_filter" },
	};

	m->fields = host->settings_text(m->settings, "result_attribute", NULL);
	for (size_t i = 0; i < ARRAY_COUNT(needed); i++)
		if ((*needed[i].value = host->settings_text(m->settings, needed[i].name, NULL)) == NULL)
			return bad(m, needed[i].name, "is not set", why);
	return host->query_check(&m->query, "query_filter", m->filter, why);
}

static bool
prepare(struct mongodb *m, struct buf *why)
{
	const char *text = host->settings_text(m->settings, "uri", "mongodb://localhost:27017");
	bson_error_t error;
	mongoc_uri_t *uri;

	mongoc_init();
	if ((uri = mongoc_uri_new_with_error(text, &error)) == NULL)
		return bad(m, "uri", error.message, why);
	m->client = mongoc_client_new_from_uri(uri);
	mongoc_uri_destroy(uri);
	if (m->client == NULL)
		return bad(m, "uri", "cannot be used", why);
	mongoc_client_set_error_api(m->client, MONGOC_ERROR_API_VERSION_2);
	return true;
}

static void *
mongodb_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct mongodb *m = host->mem_new(sizeof(*m));

	if ((m->settings = host->settings_open(env, "mongodb", name, why)) != NULL &&
	    host->query_open(&m->query, env, m->settings, why) && read_names(m, why) && read_projection(m, why) &&
	    prepare(m, why)) {
		host->settings_traits(m->settings, traits);
		traits->remote = true;
		return m;
	}
	mongodb_close(m);
	return NULL;
}

static const struct table_ops ops = { .lookup = mongodb_lookup, .close = mongodb_close };

static const struct table_type type = {
	.name = "mongodb", .ops = &ops, .open = mongodb_open, .promises = "net-connect unix-connect dns nss file-read",
};

extern const struct table_module table_module;
const struct table_module table_module = { TABLE_MODULE_ABI, &type, attach };

#include <stdio.h>

#include "global/message/mime.h"
#include "service/map_tool/show.h"
#include "service/map_tool/tool.h"
#include "util/log/log.h"

/* The tables of the command line, open, and what becomes of a key. */
struct query {
	const struct tool *tool;
	struct table **tables;
	size_t count;
	bool found;			/* any key in any table */
};

static void
open_tables(struct query *query, const struct tool *tool, char *const *names, unsigned flags)
{
	*query = (struct query){ .tool = tool };
	if (!tool->keep_case)
		flags |= TABLE_FOLD_FIXED;
	for (; *names != NULL; names++) {
		struct table *table = table_open(&tool->env, view_string(*names), flags);

		if (table_broken(table) != NULL)
			log_fatal("%s", table_broken(table));
		query->tables = mem_resize(query->tables, (query->count + 1) * sizeof(struct table *));
		query->tables[query->count++] = table;
	}
}

static void
close_tables(struct query *query)
{
	for (size_t i = 0; i < query->count; i++)
		table_close(query->tables[i]);
	mem_free(query->tables);
}

/* The first table that has the key. */
static bool
look(const struct query *query, struct view key, struct buf *value)
{
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < query->count; i++) {
		switch (table_lookup(query->tables[i], key, value, &why)) {
		case LOOKUP_FOUND:
			if (value->len == 0)
				log_warn("table %s: key %.*s: empty string result is not allowed",
				    table_name(query->tables[i]), VIEW_ARG(key));
			buf_fini(&why);
			return true;
		case LOOKUP_NONE:
			break;
		case LOOKUP_RETRY:
			log_fatal("table %s: query error: %s", table_name(query->tables[i]), buf_c(&why));
		}
	}
	buf_fini(&why);
	return false;
}

static void
look_and_show(struct query *query, struct view key)
{
	struct buf value = BUF_INIT;

	if (key.len > 0 && look(query, key, &value)) {
		show_pair(query->tool, key, buf_view(&value));
		query->found = true;
	}
	buf_fini(&value);
}

/* One line of standard input, without its end; the pointer is reused and belongs to the caller. */
static bool
read_line(char **line, size_t *size, struct view *text)
{
	ssize_t len = getline(line, size, stdin);

	if (len == -1) {
		if (ferror(stdin))
			log_fatal("read from standard input: %m");
		return false;
	}
	while (len > 0 && ((*line)[len - 1] == '\n' || (*line)[len - 1] == '\r'))
		len--;
	*text = view_bytes(*line, (size_t)len);
	return true;
}

static void
query_keys(struct query *query)
{
	struct view text;
	char *line = NULL;
	size_t size = 0;

	while (read_line(&line, &size, &text))
		look_and_show(query, text);
	free(line);
}

/* -- a message as keys ------------------------------------------------------------------------------------------------ */

struct limits {
	int header_max, boundary_max, nesting_max;
};

static const struct binding bindings[] = {
	BIND_INT(struct limits, header_max, "header_size_limit"),
	BIND_INT(struct limits, boundary_max, "mime_boundary_length_limit"),
	BIND_INT(struct limits, nesting_max, "mime_nesting_limit"),
	BIND_END
};

struct message {
	struct query *query;
	struct buf line;		/* of a body, so far */
};

static void
ask_header(void *arg, enum mime_section section, const struct header_name *name, struct view text)
{
	struct message *message = arg;

	if (message->query->tool->headers)
		look_and_show(message->query, text);
}

static void
ask_body(void *arg, struct view piece, bool complete)
{
	struct message *message = arg;

	if (!message->query->tool->body)
		return;
	buf_putv(&message->line, piece);
	if (!complete)
		return;
	look_and_show(message->query, buf_view(&message->line));
	buf_reset(&message->line);
}

/* What header_checks and body_checks would see of standard input; without -m all behind the header is one body. */
static void
query_message(struct query *query)
{
	static const struct mime_handler handler = { .header = ask_header, .body = ask_body };
	struct message message = { .query = query };
	struct buf why = BUF_INIT;
	struct mime_policy policy;
	struct limits limits;
	struct mime *mime;
	struct view text;
	char *line = NULL;
	size_t size = 0;

	if (!config_bind(query->tool->config, bindings, &limits, &why))
		log_fatal("%s", buf_c(&why));
	policy = (struct mime_policy){
		(size_t)limits.header_max, (size_t)limits.boundary_max, (size_t)limits.nesting_max,
		query->tool->mime ? MIME_STRUCTURE : 0,
	};
	mime = mime_new(&policy, &handler, &message);
	while (read_line(&line, &size, &text))
		mime_line(mime, text, true);
	mime_end(mime);
	mime_free(mime);
	buf_fini(&message.line);
	free(line);
}

static void
query_one(struct query *query)
{
	struct view key = view_string(query->tool->key);
	struct buf value = BUF_INIT;

	if (look(query, key, &value)) {
		show_value(query->tool, key, buf_view(&value));
		query->found = true;
	}
	buf_fini(&value);
}

bool
tool_query(const struct tool *tool, char *const *tables)
{
	struct query query;

	open_tables(&query, tool, tables, 0);
	if (strcmp(tool->key, "-") != 0)
		query_one(&query);
	else if (tool->headers || tool->body)
		query_message(&query);
	else
		query_keys(&query);
	close_tables(&query);
	return query.found;
}

/* Deletes from all tables. */
static void
delete_key(struct query *query, struct view key)
{
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < query->count; i++) {
		switch (table_delete(query->tables[i], key, &why)) {
		case LOOKUP_FOUND:
			query->found = true;
			break;
		case LOOKUP_NONE:
			break;
		case LOOKUP_RETRY:
			log_fatal("table %s: delete error: %s", table_name(query->tables[i]), buf_c(&why));
		}
	}
	buf_fini(&why);
}

bool
tool_delete(const struct tool *tool, char *const *tables)
{
	struct query query;
	struct view text;
	char *line = NULL;
	size_t size = 0;

	open_tables(&query, tool, tables, TABLE_WRITE | (tool->flags & (TABLE_ADD_NUL | TABLE_NO_NUL)));
	if (strcmp(tool->key, "-") != 0) {
		delete_key(&query, view_string(tool->key));
	} else {
		while (read_line(&line, &size, &text))
			if (text.len > 0)
				delete_key(&query, text);
		free(line);
	}
	close_tables(&query);
	return query.found;
}

void
tool_list(const struct tool *tool, const char *name)
{
	struct table *table = table_open(&tool->env, view_string(name), 0);
	struct buf key = BUF_INIT, value = BUF_INIT, why = BUF_INIT;
	enum lookup result;

	if (table_broken(table) != NULL)
		log_fatal("%s", table_broken(table));
	for (bool first = true; (result = table_next(table, first, &key, &value, &why)) == LOOKUP_FOUND; first = false)
		show_pair(tool, buf_view(&key), buf_view(&value));
	if (result == LOOKUP_RETRY)
		log_fatal("table %s: list error: %s", name, buf_c(&why));
	table_close(table);
	buf_fini(&key);
	buf_fini(&value);
	buf_fini(&why);
}

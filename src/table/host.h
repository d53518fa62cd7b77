/*
 * host: the border between us and modules: table types that need a large library, in files of their own,
 * table-TYPE.so, loaded when a table of that type is named. A module exports one symbol, `table_module`, and is linked
 * to nothing of ours: what it needs comes through a struct of functions.
 */
#ifndef TABLE_HOST_H
#define TABLE_HOST_H

#include "table/query.h"
#include "table/settings.h"
#include "table/sql.h"

enum { TABLE_MODULE_ABI = 3 };		/* counted up with each change of what both sides see */

struct table_host {
	void *(*mem_new)(size_t size);
	void (*mem_free)(void *p);
	char *(*mem_string)(const char *text);
	char *(*buf_reserve)(struct buf *b, size_t more);
	void (*buf_added)(struct buf *b, size_t n);
	void (*buf_put)(struct buf *b, const void *data, size_t len);
	void (*buf_printf)(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
	void (*buf_fini)(struct buf *b);
	void (*why_set)(struct buf *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
	void (*log_warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	msec_t (*clock_now)(void);

	struct settings *(*settings_open)(const struct table_env *env, const char *type, const char *name, struct buf *why);
	void (*settings_free)(struct settings *settings);
	const char *(*settings_title)(const struct settings *settings);
	void (*settings_traits)(const struct settings *settings, struct table_traits *traits);
	const char *(*settings_text)(struct settings *settings, const char *name, const char *otherwise);
	bool (*settings_number)(struct settings *settings, const char *name, int min, int max, int otherwise, int *out,
	    struct buf *why);
	bool (*settings_yes)(struct settings *settings, const char *name, bool otherwise, bool *out, struct buf *why);

	bool (*query_open)(struct query *query, const struct table_env *env, struct settings *settings, struct buf *why);
	void (*query_close)(struct query *query);
	bool (*query_check)(const struct query *query, const char *name, const char *template, struct buf *why);
	enum lookup (*query_eligible)(const struct query *query, struct view key, struct buf *why);
	enum lookup (*query_expand)(const char *template, struct view key, query_quote *quote, void *arg, struct buf *out);
	void (*query_begin)(struct query_results *results, const struct query *query, struct view key, struct buf *value);
	bool (*query_add)(struct query_results *results, struct view text);
	enum lookup (*query_end)(const struct query_results *results, struct buf *why);

	struct sql *(*sql_open)(const struct sql_driver *driver, const struct table_env *env, const char *name,
	    struct table_traits *traits, struct buf *why);
	void (*sql_close)(void *sql);
	enum lookup (*sql_lookup)(void *sql, struct view key, struct buf *value, struct buf *why);
};

struct table_module {
	unsigned abi;					/* TABLE_MODULE_ABI; stays the first member for ever */
	const struct table_type *type;
	void (*attach)(const struct table_host *host);	/* before anything else is called */
};

#endif

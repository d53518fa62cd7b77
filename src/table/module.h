/*
 * module: what a table type in a shared object of its own gives us, and what it may ask of us. Modules are for types
 * with heavy client libraries: nobody loads those who has no such table. A module is `table-<type>.so` in
 * shlib_directory, exports `const struct table_module table_module`, and links to nothing of ours.
 *
 * A module only talks to its database. Parameter files, the making of queries and of results are the same for all and
 * stay on our side (sql.c).
 */
#ifndef TABLE_MODULE_H
#define TABLE_MODULE_H

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_MODULE_ABI = 1 };

#define TABLE_MODULE_SYMBOL	"table_module"

/* `table` and `out` are ours: handed back as they came. */
struct table_host {
	const char *(*parameter)(void *table, const char *name, const char *otherwise);
	void (*fail)(void *table, const char *format, ...) __attribute__((format(printf, 2, 3)));	/* why, before false */
	void (*put)(void *out, const char *data, size_t len);
	void (*row)(void *out, const char *value, size_t len);		/* a column of a result; NULL is none */
};

struct table_module {
	unsigned abi;
	const char *type;
	bool remote;						/* a query may leave this machine */
	/* The state, or NULL. The host outlives it. */
	void *(*open)(const struct table_host *host, void *table);
	bool (*quote)(void *state, const char *text, size_t len, void *out);	/* for use within '…' */
	bool (*query)(void *state, const char *query, void *out);
	void (*close)(void *state);
};

#endif

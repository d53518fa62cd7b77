/*
 * tool: the whole of a command that builds, changes, asks and lists tables. postmap and postalias are two kinds of it:
 * they differ in the lines they read and in how they show a key.
 *
 * All is borrowed: a kind is constant, names and keys are those of the command line. What makes the command pointless
 * (a table that cannot be opened, read or written) ends it by a fatal error.
 */
#ifndef SERVICE_MAP_TOOL_H
#define SERVICE_MAP_TOOL_H

#include "global/config/config.h"
#include "table/source.h"
#include "table/table.h"

enum tool_job { TOOL_BUILD, TOOL_ADD, TOOL_DELETE, TOOL_QUERY, TOOL_LIST };

struct tool;

struct tool_kind {
	const char *name, *usage;
	const char *options;			/* for getopt(): what this tool has of them */
	const char *key_suffix;			/* behind a key that is shown: "" or ":" */
	/* Stores one logical line; wrong ones are skipped with a warning. False: the table must not be made. */
	bool (*store)(const struct tool *tool, const struct source *source, struct view line, struct table *table,
	    struct buf *why);
	/* Entries that no line asks for; may be NULL. */
	bool (*complete)(const struct tool *tool, struct table *table, struct buf *why);
};

struct tool {
	const struct tool_kind *kind;
	struct config *config;
	struct table_env env;
	enum tool_job job;
	const char *config_directory, *key;	/* of -c; of -d and -q: "-" is standard input */
	unsigned flags;				/* TABLE_…: duplicates, NULs, folding of what is asked for */
	bool keep_case, json, keep_root, plain_mode, values_are_files;
	bool no_utf8, force_utf8, headers, body, mime;
};

/* The whole command. */
int	tool_main(const struct tool_kind *kind, int argc, char **argv);

/* For store(): folds the key as asked, and puts the pair into the table. */
bool	tool_put(const struct tool *tool, struct table *table, struct view key, struct view value, struct buf *why);

/* The jobs; what the file may be called stands in tables[]. True: found, deleted, or done. */
bool	tool_build(const struct tool *tool, const char *name);
bool	tool_query(const struct tool *tool, char *const *tables);
bool	tool_delete(const struct tool *tool, char *const *tables);
void	tool_list(const struct tool *tool, const char *name);

#endif

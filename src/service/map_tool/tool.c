#include "service/map_tool/tool.h"

#include <sys/stat.h>
#include <unistd.h>

#include "service/command.h"
#include "util/base/option.h"
#include "util/log/log.h"

static void __attribute__((noreturn))
usage(const struct tool *tool)
{
	log_fatal("usage: %s", tool->kind->usage);
}

static void
set_job(void *out, int letter, const char *key)
{
	static const enum tool_job jobs[] = { ['d'] = TOOL_DELETE, ['i'] = TOOL_ADD, ['q'] = TOOL_QUERY, ['s'] = TOOL_LIST };
	struct tool *tool = out;

	if (tool->job != TOOL_BUILD)
		log_fatal("specify only one of -d, -i, -q or -s");
	tool->job = jobs[letter];
	tool->key = key;
}

static void
set_table_flag(void *out, int letter, const char *value)
{
	static const unsigned flags[] = {
		['n'] = TABLE_NO_NUL, ['N'] = TABLE_ADD_NUL, ['r'] = TABLE_DUP_REPLACE, ['w'] = TABLE_DUP_IGNORE,
	};
	struct tool *tool = out;

	if (letter == 'r' || letter == 'w')
		tool->flags &= ~(unsigned)TABLE_DUP_WARN;
	tool->flags |= flags[letter];
}

static void
set_verbose(void *out, int letter, const char *value)
{
	command_verbose();
}

static const struct option_row rows[] = {
	OPTION_FLAG('b', struct tool, body),
	OPTION_TEXT('c', struct tool, config_directory),
	OPTION_CALL('d', set_job),
	OPTION_FLAG('f', struct tool, keep_case),
	OPTION_FLAG('F', struct tool, values_are_files),
	OPTION_FLAG('h', struct tool, headers),
	OPTION_CALL('i', set_job),
	OPTION_FLAG('j', struct tool, json),
	OPTION_FLAG('m', struct tool, mime),
	OPTION_CALL('n', set_table_flag),
	OPTION_CALL('N', set_table_flag),
	OPTION_FLAG('o', struct tool, keep_root),
	OPTION_FLAG('p', struct tool, plain_mode),
	OPTION_CALL('q', set_job),
	OPTION_CALL('r', set_table_flag),
	OPTION_CALL('s', set_job),
	OPTION_FLAG('u', struct tool, no_utf8),
	OPTION_FLAG('U', struct tool, force_utf8),
	OPTION_CALL('v', set_verbose),
	OPTION_CALL('w', set_table_flag),
	OPTION_END
};

static void
check_options(const struct tool *tool)
{
	if ((tool->flags & TABLE_DUP_IGNORE) != 0 && (tool->flags & TABLE_DUP_REPLACE) != 0)
		log_fatal("specify only one of -r or -w");
	if ((tool->flags & TABLE_ADD_NUL) != 0 && (tool->flags & TABLE_NO_NUL) != 0)
		log_fatal("specify only one of -N or -n");
	if ((tool->headers || tool->body) && (tool->job != TOOL_QUERY || strcmp(tool->key, "-") != 0))
		log_fatal("specify -b or -h only with \"-q -\"");
	if (tool->mime && !tool->headers && !tool->body)
		log_fatal("specify -m only with -b or -h");
	if ((tool->headers || tool->body) && tool->values_are_files)
		log_fatal("specify only one of -F or -b and -h");
	if (tool->json && tool->job != TOOL_QUERY && tool->job != TOOL_LIST)
		log_fatal("specify -j only with -q or -s");
}

static void
parse(struct tool *tool, int argc, char **argv)
{
	opterr = 0;
	if (!options_parse(argc, argv, tool->kind->options, rows, tool))
		usage(tool);
	check_options(tool);
	if (optind == argc)
		usage(tool);
}

/* Text of messages may hold any bytes; tables are then asked without regard to UTF-8, unless told otherwise. */
static void
settle_utf8(struct tool *tool)
{
	if (tool->no_utf8 || ((tool->headers || tool->body) && !tool->force_utf8))
		tool->env.utf8 = false;
}

static bool
run(const struct tool *tool, char *const *tables)
{
	bool done = true;

	if (tool->job == TOOL_QUERY)
		return tool_query(tool, tables);
	if (tool->job == TOOL_DELETE)
		return tool_delete(tool, tables);
	for (; *tables != NULL; tables++) {
		if (tool->job == TOOL_LIST)
			tool_list(tool, *tables);
		else
			done = tool_build(tool, *tables) && done;
	}
	return done;
}

int
tool_main(const struct tool_kind *kind, int argc, char **argv)
{
	struct tool tool = { .kind = kind, .flags = TABLE_DUP_WARN };
	bool done;

	command_begin(kind->name);
	parse(&tool, argc, argv);
	tool.config = command_config(tool.config_directory);
	command_tables(tool.config, &tool.env);
	tool.env.open_error = TABLE_ERROR_SILENT;	/* it is a fatal error here, and told once */
	settle_utf8(&tool);
	umask(022);
	done = run(&tool, argv + optind);
	if (fflush(stdout) == EOF || ferror(stdout))
		log_fatal("write error: %m");
	config_free(tool.config);
	return done ? 0 : 1;
}

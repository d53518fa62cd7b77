#include "service/map_tool/tool.h"

#include <sys/stat.h>
#include <unistd.h>

#include "service/command.h"
#include "util/log/log.h"

static void __attribute__((noreturn))
usage(const struct tool *tool)
{
	log_fatal("usage: %s", tool->kind->usage);
}

static void
set_job(struct tool *tool, enum tool_job job, const char *key)
{
	if (tool->job != TOOL_BUILD)
		log_fatal("specify only one of -d, -i, -q or -s");
	tool->job = job;
	tool->key = key;
}

/* Options that only set a flag. */
static bool
simple_option(struct tool *tool, int option)
{
	const struct {
		int option;
		bool *set;
	} switches[] = {
		{ 'F', &tool->values_are_files }, { 'b', &tool->body }, { 'h', &tool->headers }, { 'j', &tool->json },
		{ 'o', &tool->keep_root }, { 'p', &tool->plain_mode }, { 'u', &tool->no_utf8 }, { 'U', &tool->force_utf8 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(switches); i++) {
		if (switches[i].option != option)
			continue;
		*switches[i].set = true;
		return true;
	}
	return false;
}

static void
set_flag(struct tool *tool, unsigned flag, unsigned instead_of)
{
	tool->flags = (tool->flags & ~instead_of) | flag;
}

static bool
set_option(struct tool *tool, int option, const char *argument)
{
	switch (option) {
	case 'c':
		tool->config_directory = argument;
		return true;
	case 'd':
		set_job(tool, TOOL_DELETE, argument);
		return true;
	case 'f':
		tool->fold = false;
		return true;
	case 'i':
		set_job(tool, TOOL_ADD, NULL);
		return true;
	case 'n':
		set_flag(tool, TABLE_NO_NUL, 0);
		return true;
	case 'N':
		set_flag(tool, TABLE_ADD_NUL, 0);
		return true;
	case 'q':
		set_job(tool, TOOL_QUERY, argument);
		return true;
	case 'r':
		set_flag(tool, TABLE_DUP_REPLACE, TABLE_DUP_WARN);
		return true;
	case 's':
		set_job(tool, TOOL_LIST, NULL);
		return true;
	case 'v':
		command_verbose();
		return true;
	case 'w':
		set_flag(tool, TABLE_DUP_IGNORE, TABLE_DUP_WARN);
		return true;
	default:
		return simple_option(tool, option);
	}
}

static void
check_options(const struct tool *tool)
{
	if ((tool->flags & TABLE_DUP_IGNORE) != 0 && (tool->flags & TABLE_DUP_REPLACE) != 0)
		log_fatal("specify only one of -r or -w");
	if ((tool->flags & TABLE_ADD_NUL) != 0 && (tool->flags & TABLE_NO_NUL) != 0)
		log_fatal("specify only one of -N or -n");
	if ((tool->headers || tool->body) && (tool->job != TOOL_QUERY || strcmp(tool->key, "-") != 0))
		log_fatal("specify -b or -h only with \"-q -\"");
	if ((tool->headers || tool->body) && tool->values_are_files)
		log_fatal("specify only one of -F or -b and -h");
	if (tool->json && tool->job != TOOL_QUERY && tool->job != TOOL_LIST)
		log_fatal("specify -j only with -q or -s");
}

static void
parse(struct tool *tool, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, tool->kind->options)) != -1)
		if (option == '?' || !set_option(tool, option, optarg))
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
	struct tool tool = { .kind = kind, .fold = true, .flags = TABLE_DUP_WARN };
	bool done;

	command_begin(kind->name);
	parse(&tool, argc, argv);
	tool.config = command_config(tool.config_directory);
	command_tables(tool.config, &tool.env);
	settle_utf8(&tool);
	umask(022);
	done = run(&tool, argv + optind);
	if (fflush(stdout) == EOF || ferror(stdout))
		log_fatal("write error: %m");
	config_free(tool.config);
	return done ? 0 : 1;
}

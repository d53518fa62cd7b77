/*
 * nbdb_reindexd: makes lmdb files for tables that are led away from Berkeley DB (non_bdb_migration_level), when somebody
 * opens such a table who must not do so himself. It runs as root, trusts no name that it is given, and writes nothing
 * itself: postmap and postalias do, as the owner of the source.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "global/client/reindex.h"
#include "service/service.h"
#include "table/redirect.h"
#include "util/log/log.h"
#include "util/process/process.h"

struct reindex_config {
	const char *command_directory;
	int time_limit_sec;
};

static const struct binding bindings[] = {
	BIND_STRING(struct reindex_config, command_directory, "command_directory"),
	BIND_TIME(struct reindex_config, time_limit_sec, "ipc_timeout"),
	BIND_END
};

/* -- what is asked for ----------------------------------------------------------------------------------------------------- */

/* Whoever can write there, other than root and the owner of the source, could lead us elsewhere. */
static bool
directory_is_safe(struct view name, uid_t owner, struct buf *why)
{
	struct buf directory = BUF_INIT;
	ptrdiff_t slash = view_rfind(name, '/');
	struct stat st;
	bool safe;

	buf_putv(&directory, view_slice(name, 0, slash > 0 ? (size_t)slash : 1));
	safe = stat(buf_c(&directory), &st) == 0 && (st.st_uid == 0 || st.st_uid == owner) &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
	if (!safe)
		why_set(why, "%s: others may write to this directory", buf_c(&directory));
	buf_fini(&directory);
	return safe;
}

static bool
may_build(const struct table_env *env, const char *name, struct buf *why)
{
	struct stat source;

	if (name[0] != '/' || stat(name, &source) == -1 || !S_ISREG(source.st_mode)) {
		why_set(why, "%s: not a file", name);
		return false;
	}
	if (!redirect_may_reindex(env, name)) {
		why_set(why, "%s: not below non_bdb_migration_allow_%s_prefixes, or non_bdb_migration_level forbids it", name,
		    source.st_uid == 0 ? "root" : "user");
		return false;
	}
	return directory_is_safe(view_string(name), source.st_uid, why);
}

/* Sources of aliases are told by their names, as everywhere. */
static const char *
builder(const char *name)
{
	return strstr(strrchr(name, '/'), "aliases") != NULL ? "postalias" : "postmap";
}

static bool
build(struct service_context *ctx, const char *name, struct buf *why)
{
	const struct reindex_config *config = service_config(ctx);
	struct buf program = BUF_INIT, table = BUF_INIT;
	char option[] = "-c", *directory = mem_string(config_directory(service_settings(ctx))), *none = NULL;
	char *argv[] = { NULL, option, directory, NULL, NULL };
	const struct process_spec spec = { .argv = argv, .environment = &none, .input = -1, .output = -1, .error = -1 };
	struct process_outcome outcome = { PROCESS_EXITED, 1 };
	pid_t pid;

	buf_printf(&program, "%s/%s", config->command_directory, builder(name));
	buf_printf(&table, "lmdb:%s", name);
	argv[0] = program.data;
	argv[3] = table.data;
	log_info("%s %s", builder(name), table.data);
	if ((pid = process_start(&spec, why)) != -1)
		outcome = process_wait(pid, clock_deadline((msec_t)config->time_limit_sec * 1000));
	if (pid != -1 && (outcome.result != PROCESS_EXITED || outcome.status != 0))
		why_set(why, "%s %s failed; run it to see why", builder(name), table.data);
	mem_free(directory);
	buf_fini(&program);
	buf_fini(&table);
	return outcome.result == PROCESS_EXITED && outcome.status == 0;
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *frame)
{
	struct reindex_message message = { .done = false };
	struct buf why = BUF_INIT, name = BUF_INIT;

	if (!reindex_message_get(frame, REINDEX_FRAME_BUILD, &message, &why)) {
		log_warn("malformed request: %s", buf_c(&why));
		buf_fini(&why);
		return SERVICE_HANG_UP;
	}
	buf_putv(&name, message.name);
	message.done = may_build(service_tables(ctx), buf_c(&name), &why) && build(ctx, buf_c(&name), &why);
	if (!message.done)
		log_warn("%s", buf_c(&why));
	message.name = VIEW_EMPTY;
	message.why = buf_view(&why);
	reindex_message_put(channel_out(channel), REINDEX_FRAME_STATUS, &message);
	buf_fini(&name);
	buf_fini(&why);
	return SERVICE_DONE;
}

static const struct service reindex_service = {
	.name = "nbdb_reindexd",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_SOLITARY | SERVICE_KEEP_ROOT | SERVICE_OPEN,
	.protocol = &reindex_protocol,
	.bindings = bindings,
	.config_size = sizeof(struct reindex_config),
	.serve = serve,
};

int
main(int argc, char **argv)
{
	return service_main(&reindex_service, argc, argv);
}

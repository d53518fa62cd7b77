#include "global/client/reindex.h"

#include <limits.h>

#include "global/client/call.h"
#include "global/config/config.h"

const struct ipc_protocol reindex_protocol = { "nbdb_reindex", 1 };

static const struct field fields[] = {
	FIELD(struct reindex_message, name, 1, FIELD_STRING, 0),
	FIELD(struct reindex_message, done, 2, FIELD_BOOL, 0),
	FIELD(struct reindex_message, why, 3, FIELD_BYTES, 0),
	FIELD_END,
};

void
reindex_message_put(struct buf *out, unsigned type, const struct reindex_message *message)
{
	struct reindex_message short_one = *message;

	if (frame_size(fields, message) > FRAME_MAX)
		short_one.why = VIEW("it failed");
	frame_put(out, type, 0, fields, &short_one);
}

bool
reindex_message_get(const struct frame *frame, unsigned type, struct reindex_message *message, struct buf *why)
{
	if (frame->type == type)
		return frame_get(frame, fields, message, sizeof(*message), why);
	why_set(why, "unexpected frame %u", frame->type);
	return false;
}

static const char *
setting(const struct table_env *env, const char *name, const char *otherwise)
{
	const char *value = env->setting != NULL ? env->setting(env->arg, name) : NULL;

	return value != NULL ? value : otherwise;
}

/* One connection for one request: a kept one would keep others from the only process of the service. */
static bool
ask(const char *path, const char *name, msec_t timeout_ms, struct buf *why)
{
	struct caller *caller = caller_new(path, &reindex_protocol, timeout_ms);
	struct reindex_message message = { .name = view_string(name) };
	struct buf question = BUF_INIT;
	struct frame answer;
	bool done;

	reindex_message_put(&question, REINDEX_FRAME_BUILD, &message);
	done = caller_ask(caller, buf_view(&question), &answer, why)
	    && reindex_message_get(&answer, REINDEX_FRAME_STATUS, &message, why);
	if (done && !message.done)
		why_set(why, "%.*s", VIEW_ARG(message.why));
	caller_free(caller);
	buf_fini(&question);
	return done && message.done;
}

static bool
rebuild(const struct table_env *env, const char *name, struct buf *why)
{
	struct buf path = BUF_INIT;
	long long seconds;
	bool done;

	if (strcmp(setting(env, "non_bdb_migration_level", ""), "enable-reindex") != 0 || strlen(name) > PATH_MAX)
		return false;
	if (!config_parse_time(setting(env, "ipc_timeout", "3600s"), 's', &seconds))
		seconds = 3600;
	caller_path(setting(env, "queue_directory", "."), setting(env, "non_bdb_migration_service_name", "nbdb_reindex"), &path);
	done = ask(buf_c(&path), name, seconds * 1000, why);
	buf_fini(&path);
	return done;
}

void
reindex_enable(struct table_env *env)
{
	env->rebuild = rebuild;
}

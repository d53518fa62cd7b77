#include "service/confine.h"

#include "global/queue/queue_id.h"
#include "util/log/log.h"
#include "util/process/nss.h"

struct promise_rights {
	const char *promise;
	unsigned rights;
};

/* What a promise is about, in the queue and where NSS and the resolver look. */
static const struct promise_rights queue_rights[] = {
	{ "queue-read", PATH_READ },
	{ "queue-write", PATH_READ | PATH_WRITE | PATH_REMOVE },
	{ "queue-create", PATH_READ | PATH_WRITE | PATH_REMOVE | PATH_CREATE },
};

static const char *const queue_directories[] = {
	QUEUE_MAILDROP, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED, QUEUE_HOLD, QUEUE_CORRUPT, QUEUE_BOUNCE, QUEUE_DEFER,
	QUEUE_TRACE, QUEUE_FLUSH, QUEUE_SAVED,
};

/* Directories rather than files: files here are replaced by new ones of the same name. */
static const char *const name_services[] = {
	"/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/run/systemd/resolve", "/run/systemd/userdb", "/run/userdb",
	"/run/resolvconf", "/run/NetworkManager",
	"/run/connman", "/var/lib/sss", "/var/lib/extrausers", "/var/run/nscd", "/var/cache/nscd", "/var/db/nscd",
};

static const struct promise_rights file_rights[] = {
	{ "file-read", PATH_READ },
	{ "file-write", PATH_READ | PATH_WRITE | PATH_REMOVE | PATH_CREATE },
};

static void
grant(struct service_context *ctx, const char *path, unsigned rights)
{
	ctx->grants = mem_resize(ctx->grants, (ctx->grant_count + 1) * sizeof(*ctx->grants));
	ctx->grants[ctx->grant_count++] = (struct path_grant){ mem_string(path), rights };
}

void
service_promise(struct service_context *ctx, const char *words)
{
	if (ctx->promises.len > 0)
		buf_putc(&ctx->promises, ' ');
	buf_puts(&ctx->promises, words);
}

void
service_promise_path(struct service_context *ctx, const char *promise, const char *path)
{
	service_promise(ctx, promise);
	for (size_t i = 0; i < ARRAY_COUNT(file_rights); i++)
		if (strcmp(file_rights[i].promise, promise) == 0)
			grant(ctx, path, file_rights[i].rights);
}

static void
table_promised(void *arg, const char *words)
{
	service_promise(arg, words);
}

void
confine_configure(struct service_context *ctx)
{
	struct buf why = BUF_INIT;
	const char *name = config_string(ctx->config, "sandbox", &why);

	if (name == NULL)
		log_fatal("%s", buf_c(&why));
	if (!sandbox_mode_of(name, &ctx->sandbox))
		log_fatal("%s: sandbox = %s: must be \"yes\", \"no\" or \"strict\"", config_where(ctx->config, "sandbox"), name);
	if ((ctx->service->flags & SERVICE_OPEN) != 0 || ctx->options.standalone)
		ctx->sandbox = SANDBOX_OFF;
	ctx->table_env.promise = table_promised;
	ctx->table_env.promise_arg = ctx;
	if (ctx->service->promises != NULL)
		service_promise(ctx, ctx->service->promises);
	buf_fini(&why);
}

static bool
promised(const struct service_context *ctx, const char *word)
{
	return sandbox_is_promised(buf_c(&ctx->promises), word);
}

void
confine_load_name_services(const struct service_context *ctx)
{
	struct view rest = buf_view(&ctx->promises), word;
	bool accounts = false;

	while (view_word(&rest, " ", &word))
		accounts = accounts || view_is(word, "nss") || view_is(word, "setid");
	if (accounts) {
		nss_load("passwd");
		nss_load("group");
	}
	if (promised(ctx, "dns"))
		nss_load("hosts");
}

static void
grant_queue(struct service_context *ctx)
{
	unsigned rights = 0;

	for (size_t i = 0; i < ARRAY_COUNT(queue_rights); i++)
		if (promised(ctx, queue_rights[i].promise))
			rights |= queue_rights[i].rights;
	for (size_t i = 0; rights != 0 && i < ARRAY_COUNT(queue_directories); i++)
		grant(ctx, queue_directories[i], rights);
}

static void
grant_name_services(struct service_context *ctx)
{
	if (!promised(ctx, "nss"))
		return;
	for (size_t i = 0; i < ARRAY_COUNT(name_services); i++)
		grant(ctx, name_services[i], PATH_READ);
}

/* Less protection is better than no mail; who wants neither says "strict". */
static void
cannot(const struct service_context *ctx, const char *why)
{
	if (ctx->sandbox == SANDBOX_STRICT)
		log_fatal("sandbox = strict: %s", why);
	log_warn("sandbox: not all of it can be had: %s", why);
}

void
confine(struct service_context *ctx)
{
	struct sandbox sandbox = { .mode = ctx->sandbox };
	struct buf why = BUF_INIT;

	if (ctx->sandbox == SANDBOX_OFF)
		return;
	grant_queue(ctx);
	grant_name_services(ctx);
	sandbox.promises = buf_c(&ctx->promises);
	sandbox.grants = ctx->grants;
	sandbox.grant_count = ctx->grant_count;
	if (!sandbox_enter(&sandbox, &why))
		cannot(ctx, buf_c(&why));
	buf_fini(&why);
}

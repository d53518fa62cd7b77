/*
 * startup: the steps that every daemon takes, in their order, from exec to the moment before the first byte from outside
 * is read. Copies of this would drift apart; one can be checked.
 */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "global/address/address.h"
#include "global/client/proxy.h"
#include "global/client/reindex.h"
#include "global/config/tables.h"
#include "global/maillog/postlog_sink.h"
#include "service/confine.h"
#include "service/context.h"
#include "service/debugger.h"
#include "service/master_link.h"
#include "service/master_protocol.h"
#include "service/process_settings.h"
#include "util/base/number.h"
#include "util/event/loop.h"
#include "util/log/log.h"
#include "util/text/words.h"

/* -- 1. what was inherited ----------------------------------------------------------------------- */

static const char *
base_name(const char *path)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	if (path == NULL || path[0] == '\0')
		return "unknown";
	return slash != NULL ? slash + 1 : path;
}

static void
check_inheritance(struct service_context *ctx, const char *program)
{
	struct buf tag = BUF_INIT;

	process_check_descriptors();
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	ctx->options.process_name = base_name(program);
	buf_printf(&tag, "postfix/%s", ctx->options.process_name);	/* until syslog_name is known */
	log_open(buf_c(&tag), LOG_MAIL);
	buf_fini(&tag);
	if (getuid() != geteuid() || getgid() != getegid())
		log_fatal("this program must not be set-uid or set-gid");
}

static void
take_generation(struct service_context *ctx)
{
	const char *text = getenv(MASTER_GENERATION_ENV);

	if (text != NULL)
		ctx->generation = (uint32_t)strtoul(text, NULL, 8);
	unsetenv(MASTER_GENERATION_ENV);
}

static void
take_files_limit(void)
{
	const char *text = getenv(MASTER_FILES_ENV);
	unsigned long long files;

	if (text != NULL && view_number(view_string(text), &files))
		process_set_files_limit(files);
	unsetenv(MASTER_FILES_ENV);
}

/* Only master can start us, unless somebody wants to talk to us in person. */
static void
check_parent(const struct service_context *ctx)
{
	const struct service_options *options = &ctx->options;
	struct buf why = BUF_INIT;

	if (options->standalone) {
		if ((ctx->service->flags & SERVICE_STANDALONE) == 0)
			log_fatal("this program has no stand-alone mode (-S)");
		return;
	}
	if (!options->debug && isatty(STDIN_FILENO)) {
		log_to_stderr(true);
		log_fatal("this program is started by the master daemon only; "
		    "use \"postfix start\" to start the mail system");
	}
	if (!master_link_check(ctx, &why)) {
		log_to_stderr(true);
		log_fatal("this program is started by the master daemon only: %s", buf_c(&why));
	}
	buf_fini(&why);
}

/* -- 2. configuration ---------------------------------------------------------------------------- */

static void
take_override(struct service_context *ctx, const char *option)
{
	struct view text = view_string(option), name, value;
	struct buf why = BUF_INIT;

	if (option[0] == '{' && !words_inner(text, &text, &why))
		log_fatal("-o %s: %s", option, buf_c(&why));
	if (!view_split(text, '=', &name, &value) || view_empty(view_trim(name)))
		log_fatal("-o %s: not of the form \"name=value\"", option);
	config_override(ctx->config, view_trim(name), view_trim(value));
	buf_fini(&why);
}

static void
load_config(struct service_context *ctx)
{
	const struct service_options *options = &ctx->options;
	struct buf why = BUF_INIT;

	if ((ctx->config = config_load_for_service(&why)) == NULL)
		log_fatal("%s", buf_c(&why));
	config_set_service(ctx->config, options->name, options->process_name);
	for (size_t i = 0; i < options->override_count; i++)
		take_override(ctx, options->overrides[i]);
	buf_fini(&why);
}

static const struct binding limit_bindings[] = {
	BIND_INT(struct service_limits, max_use, "max_use"),
	BIND_TIME(struct service_limits, max_idle_sec, "max_idle"),
	BIND_TIME(struct service_limits, ipc_timeout_sec, "ipc_timeout"),
	BIND_TIME(struct service_limits, drain_sec, "application_event_drain_time"),
	BIND_END
};

static void
bind_limits(struct service_context *ctx)
{
	const struct service_options *options = &ctx->options;
	const char *watchdog = ctx->service->watchdog;
	struct buf why = BUF_INIT;

	if (!config_bind(ctx->config, limit_bindings, &ctx->limits, &why) ||
	    !config_time(ctx->config, watchdog != NULL ? watchdog : "daemon_timeout",
	    &ctx->limits.watchdog_sec, &why))
		log_fatal("%s", buf_c(&why));
	if (options->max_use != -1)
		ctx->limits.max_use = options->max_use;
	if (options->max_idle_sec != -1)
		ctx->limits.max_idle_sec = options->max_idle_sec;
	buf_fini(&why);
}

static void
bind_config(struct service_context *ctx)
{
	const struct service *service = ctx->service;
	const struct table_env *tables;
	bool fatal;
	struct buf why = BUF_INIT;

	bind_limits(ctx);
	if (!process_settings_apply(ctx->config, &why))
		log_fatal("%s", buf_c(&why));
	if (service->bindings != NULL) {
		ctx->bound = mem_new(service->config_size);
		if (!config_bind(ctx->config, service->bindings, ctx->bound, &why))
			log_fatal("%s", buf_c(&why));
	}
	if ((tables = config_table_env(ctx->config, &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	ctx->table_env = *tables;
	if (!config_bool(ctx->config, "daemon_table_open_error_is_fatal", &fatal, &why))
		log_fatal("%s", buf_c(&why));
	ctx->table_env.open_error = fatal ? TABLE_ERROR_FATAL : TABLE_ERROR_LOG;
	if (service->shape == SERVICE_SEQUENTIAL || service->shape == SERVICE_MANY_CLIENTS)
		reindex_enable(&ctx->table_env);
	buf_fini(&why);
}

static const char *
setting(struct service_context *ctx, const char *name)
{
	struct buf why = BUF_INIT;
	const char *value = config_string(ctx->config, name, &why);

	if (value == NULL)
		log_fatal("%s", buf_c(&why));
	return value;
}

static void
clean_environment(struct service_context *ctx)
{
	process_clean_environment(setting(ctx, "import_environment"));
	tzset();		/* while /etc can still be seen */
}

/* The reason of a log that cannot be what main.cf says is in the log that there is. */
static void
open_log(struct service_context *ctx)
{
	enum service_shape shape = ctx->service->shape;

	log_set_verbose(ctx->options.verbose);
	maillog_open(ctx->config, ctx->options.process_name);
	if (shape == SERVICE_EVENT || shape == SERVICE_MANAGER)
		maillog_never_wait();
	if (ctx->options.to_stderr)
		log_to_stderr(true);
}

/* -- 3. is this what master.cf should say? ------------------------------------------------------- */

static void
check_master_cf(const struct service_context *ctx)
{
	const struct service_options *options = &ctx->options;
	unsigned flags = ctx->service->flags;

	if (options->standalone)
		return;
	if ((flags & SERVICE_SOLITARY) && !options->only_process)
		log_fatal("service %s: the process limit in master.cf must be 1", options->name);
	if ((flags & SERVICE_UNLIMITED) && !options->unlimited)
		log_fatal("service %s: the process limit in master.cf must be 0", options->name);
	if ((flags & SERVICE_KEEP_ROOT) && options->unprivileged && geteuid() == 0)
		log_fatal("service %s: the \"unpriv\" column in master.cf must be \"n\"", options->name);
	if (strcmp(options->type, "pass") == 0)
		log_fatal("service %s: this program takes no clients from others (type \"pass\")",
		    options->name);
}

/* -- 4. privileges ------------------------------------------------------------------------------- */

static void
find_owner(struct service_context *ctx)
{
	const char *name = setting(ctx, "mail_owner");

	if (identity_of_user(name, &ctx->owner) && geteuid() == 0)	/* asked in any case: it loads the modules of NSS */
		return;
	if (geteuid() != 0) {		/* an instance without root: everything belongs to one user */
		identity_fini(&ctx->owner);
		ctx->owner = (struct identity){ .uid = geteuid(), .gid = getegid() };
		return;
	}
	if (errno != 0)
		log_fatal("mail_owner = %s: cannot ask for that user: %s", name, strerror(errno));
	log_fatal("mail_owner = %s: no such user", name);
}

static void
go_to_queue(struct service_context *ctx)
{
	struct buf why = BUF_INIT;

	if (!config_chdir_queue(ctx->config, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

/* Names of domains come with the mail: what turns them into ASCII must be there before the files are out of sight. */
static void
load_libraries(struct service_context *ctx)
{
	struct buf why = BUF_INIT;

	if ((ctx->options.chroot || ctx->service->promises != NULL) && !domain_load_library(&why))
		log_warn("no internationalised domain names: %s", buf_c(&why));
	buf_fini(&why);
}

/* Without root there is nothing to give up, and -c and -u mean nothing. */
static void
drop_privileges(struct service_context *ctx)
{
	if (geteuid() != 0)
		return;
	if (ctx->options.chroot && (chroot(".") == -1 || chdir("/") == -1))
		log_fatal("cannot change root to %s: %s", setting(ctx, "queue_directory"), strerror(errno));
	if (ctx->options.unprivileged)
		identity_become(&ctx->owner);
}

/* -- all of it ----------------------------------------------------------------------------------- */

void
service_start_up(struct service_context *ctx, int argc, char **argv)
{
	const struct service *service = ctx->service;

	check_inheritance(ctx, argc > 0 ? argv[0] : NULL);
	take_generation(ctx);
	take_files_limit();
	service_memo_take(ctx);
	service_pool_take(ctx);
	service_options_parse(&ctx->options, argc, argv);
	check_parent(ctx);
	load_config(ctx);
	clean_environment(ctx);
	open_log(ctx);		/* first: what is wrong with the rest is to be seen where all lines are */
	bind_config(ctx);
	check_master_cf(ctx);
	debugger_start(ctx);
	go_to_queue(ctx);
	find_owner(ctx);
	confine_configure(ctx);
	proxy_register();
	if (service->prepare != NULL)
		service->prepare(ctx);
	confine_load_name_services(ctx);
	load_libraries(ctx);
	drop_privileges(ctx);
	confine(ctx);
	if (service->shape == SERVICE_EVENT || service->shape == SERVICE_MANAGER)
		ctx->loop = loop_new();
	ctx->started = ctx->looked = clock_now();
	if (service->start != NULL)
		service->start(ctx);
}

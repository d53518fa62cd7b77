/*
 * virtual: delivers to mailboxes that belong to no user of this host. Tables say where a mailbox is, below
 * virtual_mailbox_base, and with whose ids it is written; as they may be somebody else's, each answer is checked (LV12).
 */
#include "global/address/address.h"
#include "global/address/mail_maps.h"
#include "global/client/proxy.h"
#include "global/delivery/mailbox.h"
#include "service/service.h"
#include "util/log/log.h"

struct virtual_config {
	const char *mailbox_maps, *uid_maps, *gid_maps, *base, *lock, *recipient_delimiter;
	long long mailbox_limit, message_limit;
	int minimum_uid, lock_attempts, lock_delay_sec, stale_lock_sec;
	bool strict_ownership, owner_request_special;
};

static const struct binding bindings[] = {
	BIND_STRING(struct virtual_config, mailbox_maps, "virtual_mailbox_maps"),
	BIND_STRING(struct virtual_config, uid_maps, "virtual_uid_maps"),
	BIND_STRING(struct virtual_config, gid_maps, "virtual_gid_maps"),
	BIND_STRING(struct virtual_config, base, "virtual_mailbox_base"),
	BIND_STRING(struct virtual_config, lock, "virtual_mailbox_lock"),
	BIND_STRING(struct virtual_config, recipient_delimiter, "recipient_delimiter"),
	BIND_LONG(struct virtual_config, mailbox_limit, "virtual_mailbox_limit"),
	BIND_LONG(struct virtual_config, message_limit, "message_size_limit"),
	BIND_INT(struct virtual_config, minimum_uid, "virtual_minimum_uid"),
	BIND_INT(struct virtual_config, lock_attempts, "deliver_lock_attempts"),
	BIND_TIME(struct virtual_config, lock_delay_sec, "deliver_lock_delay"),
	BIND_TIME(struct virtual_config, stale_lock_sec, "stale_lock_time"),
	BIND_BOOL(struct virtual_config, strict_ownership, "strict_mailbox_ownership"),
	BIND_BOOL(struct virtual_config, owner_request_special, "owner_request_special"),
	BIND_END
};

struct agent {
	const struct virtual_config *config;
	const char *service;
	struct maps *mailboxes, *uids, *gids;
	struct mailbox_lock_policy lock;
	struct sync_pace pace;
};

/* -- start --------------------------------------------------------------------------------------------------------- */

static struct maps *
open_maps(struct service_context *ctx, const char *title, const char *list)
{
	struct maps *maps = maps_open(service_tables(ctx), title, list,
	    TABLE_FOLD_FIXED | TABLE_FOLD_PATTERN | TABLE_NO_SUBSTITUTION | TABLE_NO_UNAUTHORISED);
	struct table *table;

	for (size_t i = 0; (table = maps_at(maps, i)) != NULL; i++)
		service_watch(ctx, table);
	return maps;
}

static void
check_sizes(const struct virtual_config *config)
{
	if (config->mailbox_limit < 0)
		log_fatal("virtual_mailbox_limit must not be negative");
	if (config->mailbox_limit > 0 && (config->message_limit == 0 || config->mailbox_limit < config->message_limit))
		log_fatal("virtual_mailbox_limit is smaller than message_size_limit");
}

static void
prepare(struct service_context *ctx)
{
	struct agent *agent = mem_new(sizeof(*agent));
	const struct virtual_config *config = service_config(ctx);
	struct buf why = BUF_INIT;

	agent->config = config;
	agent->service = service_name(ctx);
	agent->lock = (struct mailbox_lock_policy){ .attempts = config->lock_attempts, .delay_sec = config->lock_delay_sec,
		.stale_sec = config->stale_lock_sec };
	if (!delivery_agent_prepare(service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
	if (!mailbox_lock_styles(config->lock, &agent->lock.styles, &why))
		log_fatal("virtual_mailbox_lock: %s", buf_c(&why));
	check_sizes(config);
	/* Everywhere: mailboxes below the base directory may be links to other disks. Their owners' ids are what confines. */
	service_promise_path(ctx, "file-write", "/");
	proxy_register_direct();		/* whose ids we take is not for proxymap to say */
	agent->mailboxes = open_maps(ctx, "virtual_mailbox_maps", config->mailbox_maps);
	agent->uids = open_maps(ctx, "virtual_uid_maps", config->uid_maps);
	agent->gids = open_maps(ctx, "virtual_gid_maps", config->gid_maps);
	service_set_state(ctx, agent);
	buf_fini(&why);
}

/* -- what the tables say --------------------------------------------------------------------------------------------- */

static enum lookup
ask(const struct agent *agent, struct maps *maps, struct view address, struct buf *value)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_AT_DOMAIN;

	if (!agent->config->owner_request_special)
		keys |= ADDRESS_SPLIT_OWNER;
	return mail_maps_lookup(maps, address, agent->config->recipient_delimiter, keys, false, value, NULL, NULL);
}

/* One id: a whole decimal number that is not too small. */
static bool
find_id(const struct agent *agent, struct maps *maps, const char *title, long long minimum, struct view address,
    unsigned *id, struct dsn *dsn)
{
	enum { ID_MAX = 0x7fffffff };
	struct buf value = BUF_INIT;
	enum lookup found = ask(agent, maps, address, &value);
	unsigned long long number = 0;
	bool good = found == LOOKUP_FOUND && view_number(buf_view(&value), &number) && number <= ID_MAX &&
	    (long long)number >= minimum;

	*id = (unsigned)number;
	if (found == LOOKUP_RETRY) {
		dsn_set(dsn, "4.3.0", "%s lookup failure", title);
	} else if (!good) {
		log_warn("recipient %.*s: %s in %s: %s", VIEW_ARG(address), found == LOOKUP_NONE ? "not found" : "unusable",
		    title, buf_c(&value));
		dsn_set(dsn, "4.3.5", "mail system configuration error");
	}
	buf_fini(&value);
	return good;
}

static bool
find_owner(const struct agent *agent, struct view address, struct identity *as, struct dsn *dsn)
{
	unsigned uid, gid;

	if (!find_id(agent, agent->uids, "virtual_uid_maps", agent->config->minimum_uid, address, &uid, dsn) ||
	    !find_id(agent, agent->gids, "virtual_gid_maps", 1, address, &gid, dsn))
		return false;
	*as = (struct identity){ .uid = uid, .gid = gid };
	return true;
}

/* No way out of the base directory. */
static bool
path_is_safe(struct view path)
{
	struct view part;

	if (path.len == 0 || view_find(path, '\0') >= 0)
		return false;
	while (view_word(&path, "/", &part))
		if (view_is(part, ".."))
			return false;
	return true;
}

static bool
find_mailbox(const struct agent *agent, struct view address, struct buf *path, struct dsn *dsn)
{
	struct buf value = BUF_INIT;
	enum lookup found = ask(agent, agent->mailboxes, address, &value);

	if (found == LOOKUP_RETRY) {
		dsn_set(dsn, "4.3.5", "mail system configuration error");
	} else if (found == LOOKUP_NONE) {
		dsn_set(dsn, "5.1.1", "unknown user: \"%.*s\"", VIEW_ARG(address));
	} else if (!path_is_safe(buf_view(&value)) || agent->config->base[0] != '/') {
		log_warn("recipient %.*s: mailbox \"%s\" is not below virtual_mailbox_base", VIEW_ARG(address), buf_c(&value));
		dsn_set(dsn, "4.3.5", "mail system configuration error");
	} else {
		buf_printf(path, "%s/%s", agent->config->base, buf_c(&value));
	}
	buf_fini(&value);
	return path->len > 0;
}

/* -- delivery ------------------------------------------------------------------------------------------------------ */

static void
store(struct agent *agent, const struct delivery_request *request, const struct queue_recipient *recipient,
    const char *path, const struct identity *as, struct dsn *dsn)
{
	unsigned original = request->settings->original_recipient ? COPY_ORIGINAL_TO : 0;
	struct copy_envelope envelope = { request->sender, view_empty(recipient->original) ? recipient->address :
		recipient->original, recipient->address, COPY_RETURN_PATH | COPY_DELIVERED_TO | original, NULL };
	struct mailbox_target to = { .path = path, .as = as, .size_limit = agent->config->mailbox_limit, .lock = &agent->lock,
		.strict_ownership = agent->config->strict_ownership, .pace = &agent->pace, .defer = true };

	if (path[strlen(path) - 1] == '/')
		maildir_deliver(request, &envelope, &to, dsn);
	else
		mbox_deliver(request, &envelope, &to, dsn);
}

static void
deliver_one(struct agent *agent, const struct delivery_request *request, const struct queue_recipient *recipient,
    struct dsn *dsn)
{
	struct buf path = BUF_INIT;
	struct identity as;

	if (message_was_delivered_to(request, recipient->address))
		dsn_set(dsn, "5.4.6", "mail forwarding loop for %.*s", VIEW_ARG(recipient->address));
	else if (!find_mailbox(agent, recipient->address, &path, dsn) || !find_owner(agent, recipient->address, &as, dsn))
		;	/* the verdict is made */
	else if (request->flags & DELIVERY_TRACE)
		dsn_set(dsn, "2.0.0", "delivers to %s", path.data[path.len - 1] == '/' ? "maildir" : "mailbox");
	else
		store(agent, request, recipient, buf_c(&path), &as, dsn);
	buf_fini(&path);
}

static void
deliver(void *arg, struct delivery_request *request, struct delivery_report *report)
{
	struct agent *agent = arg;
	struct dsn dsn;

	dsn_init(&dsn);
	for (size_t i = 0; i < request->recipient_count; i++) {
		deliver_one(agent, request, &request->recipients[i], &dsn);
		if (!delivery_conclude(request, &request->recipients[i], agent->service, &dsn))
			report->result = DELIVERY_DEFERRED;
	}
	dsn_fini(&dsn);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	return delivery_agent_serve(service_state(ctx), channel, request, deliver) ? SERVICE_DONE : SERVICE_HANG_UP;
}

static const struct service virtual_service = {
	.name = "virtual",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_KEEP_ROOT,
	.protocol = &delivery_protocol,
	.bindings = bindings,
	.config_size = sizeof(struct virtual_config),
	.promises = "stdio queue-write unix-connect setid",
	.prepare = prepare,
	.serve = serve,
};

int
main(int argc, char **argv)
{
	return service_main(&virtual_service, argc, argv);
}

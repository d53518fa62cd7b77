/* verify: can mail for an address be delivered? Answers from a cache, and sends probes to find out. */
#include "service/service.h"
#include "table/cache.h"
#include "util/log/log.h"
#include "util/process/process.h"
#include "util/text/encode.h"
#include "verify/entry.h"
#include "verify/probe.h"

struct verify_config {
	const char *map, *cleanup_service;
	struct verify_times times;
	struct probe_settings probe;
	int cleanup_interval_sec, ipc_timeout_sec;
	bool negative_cache;
};

static const struct binding bindings[] = {
	BIND_STRING(struct verify_config, map, "address_verify_map"),
	BIND_STRING(struct verify_config, cleanup_service, "cleanup_service_name"),
	BIND_TIME(struct verify_config, times.positive_expire, "address_verify_positive_expire_time"),
	BIND_TIME(struct verify_config, times.positive_refresh, "address_verify_positive_refresh_time"),
	BIND_TIME(struct verify_config, times.negative_expire, "address_verify_negative_expire_time"),
	BIND_TIME(struct verify_config, times.negative_refresh, "address_verify_negative_refresh_time"),
	BIND_STRING(struct verify_config, probe.sender.address, "address_verify_sender"),
	BIND_STRING(struct verify_config, probe.sender.myorigin, "myorigin"),
	BIND_TIME(struct verify_config, probe.sender.ttl_sec, "address_verify_sender_ttl"),
	BIND_STRING(struct verify_config, probe.myhostname, "myhostname"),
	BIND_STRING(struct verify_config, probe.mail_name, "mail_name"),
	BIND_STRING(struct verify_config, probe.utf8_classes, "smtputf8_autodetect_classes"),
	BIND_BOOL(struct verify_config, probe.utf8, "smtputf8_enable"),
	BIND_TIME(struct verify_config, cleanup_interval_sec, "address_verify_cache_cleanup_interval"),
	BIND_TIME(struct verify_config, ipc_timeout_sec, "ipc_timeout"),
	BIND_BOOL(struct verify_config, negative_cache, "address_verify_negative_cache"),
	BIND_END
};

struct verify {
	const struct verify_config *config;
	struct cache *cache;
	struct cleanup_client *cleanup;
	struct buf value;		/* as found in the cache: entries point into it */
};

static long long
now(void)
{
	return clock_wall().tv_sec;
}

/* -- cache --------------------------------------------------------------------------------------------------------- */

/* LOOKUP_NONE: nothing of use is known. The entry's text lives until the next call. */
static enum lookup
find(struct verify *verify, struct view address, struct verify_entry *entry)
{
	struct buf why = BUF_INIT;
	enum lookup found = cache_lookup(verify->cache, address, &verify->value, &why);

	if (found == LOOKUP_RETRY)
		log_warn("%s: %s", verify->config->map, buf_c(&why));
	if (found == LOOKUP_FOUND && (!verify_entry_parse(buf_view(&verify->value), entry) ||
	    verify_entry_expired(entry, &verify->config->times, now())))
		found = LOOKUP_NONE;
	buf_fini(&why);
	return found;
}

static bool
store(struct verify *verify, struct view address, const struct verify_entry *entry)
{
	struct buf value = BUF_INIT, why = BUF_INIT;
	bool ok;

	verify_entry_put(&value, entry);
	if (!(ok = cache_update(verify->cache, address, buf_view(&value), &why)))
		log_warn("%s: %s", verify->config->map, buf_c(&why));
	buf_fini(&value);
	buf_fini(&why);
	return ok;
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

/* What is known to be good stays so until it expires: a probe that fails now is tried again, and tells nothing else. */
static bool
record(struct verify *verify, const struct verify_message *report, struct view text)
{
	struct verify_entry old, entry = { .status = report->status, .updated = now(), .text = text };

	if (report->status == VERIFY_DELIVERABLE)
		return store(verify, report->address, &entry);
	if (find(verify, report->address, &old) == LOOKUP_FOUND && old.status == VERIFY_DELIVERABLE) {
		old.probed = now();
		return store(verify, report->address, &old);
	}
	return !verify->config->negative_cache || store(verify, report->address, &entry);
}

/* Without a negative cache the probe's time is kept only with what is known already. */
static void
send_probe(struct verify *verify, struct view address, struct verify_entry *entry)
{
	const struct verify_message good = { .address = address, .status = VERIFY_DELIVERABLE };
	struct buf told = BUF_INIT;
	bool sent = probe_send(&verify->config->probe, verify->cleanup, address, &told);

	entry->probed = now();
	if (sent && told.len > 0)
		record(verify, &good, buf_view(&told));
	else if (sent && (entry->updated != 0 || verify->config->negative_cache))
		store(verify, address, entry);
	buf_fini(&told);
}

/* A cache that cannot be asked makes no probes: it could not remember them (QM16). */
static void
query(struct verify *verify, const struct verify_message *question, struct verify_message *answer)
{
	struct verify_entry entry;
	enum lookup found = find(verify, question->address, &entry);

	*answer = (struct verify_message){ .status = VERIFY_UNAVAILABLE };
	if (found == LOOKUP_RETRY)
		return;
	if (found == LOOKUP_NONE)
		entry = (struct verify_entry){ .status = VERIFY_TODO, .text = VIEW("Address verification in progress") };
	answer->status = entry.status;
	answer->text = entry.text;
	if (verify_entry_due(&entry, &verify->config->times, now()))
		send_probe(verify, question->address, &entry);
}

/* Servers say what they like: a cache of text gets text. */
static void
update(struct verify *verify, const struct verify_message *report, struct verify_message *answer)
{
	struct buf text = BUF_INIT;

	printable_put(&text, report->text, '?', true);
	*answer = (struct verify_message){ .status = VERIFY_UNAVAILABLE };
	if (report->status <= VERIFY_UNDELIVERABLE && record(verify, report, buf_view(&text)))
		answer->status = report->status;
	buf_fini(&text);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *frame)
{
	struct verify_message request, answer;
	struct buf why = BUF_INIT;

	if (!verify_message_get(frame, &request, &why) || frame->type == VERIFY_FRAME_RESULT || view_empty(request.address)) {
		log_warn("malformed request: %s", buf_c(&why));
		buf_fini(&why);
		return SERVICE_HANG_UP;
	}
	(frame->type == VERIFY_FRAME_QUERY ? query : update)(service_state(ctx), &request, &answer);
	verify_message_put(channel_out(channel), VERIFY_FRAME_RESULT, &answer);
	return SERVICE_DONE;
}

/* -- life ---------------------------------------------------------------------------------------------------------- */

static bool
expired(struct view key, struct view value, void *arg)
{
	const struct verify *verify = arg;
	struct verify_entry entry;

	return !verify_entry_parse(value, &entry) || verify_entry_expired(&entry, &verify->config->times, now());
}

/* Its file is made by, and belongs to, the user who will write it. */
static struct cache *
open_cache(struct service_context *ctx, struct verify *verify)
{
	struct cache_cleaning cleaning = { verify->config->cleanup_interval_sec, expired, verify };
	const char *name = verify->config->map[0] != '\0' ? verify->config->map : "internal:verify";
	struct buf why = BUF_INIT;
	struct cache *cache;

	identity_assume(service_owner(ctx));
	cache = cache_open(service_tables(ctx), name, &cleaning, &why);
	identity_restore();
	if (cache == NULL)
		log_fatal("%s", buf_c(&why));
	return cache;
}

static void
prepare(struct service_context *ctx)
{
	struct verify *verify = mem_new(sizeof(*verify));
	struct buf path = BUF_INIT;

	verify->config = service_config(ctx);
	verify->cache = open_cache(ctx, verify);
	buf_printf(&path, "public/%s", verify->config->cleanup_service);
	verify->cleanup = cleanup_client_new(buf_c(&path), (msec_t)verify->config->ipc_timeout_sec * 1000);
	buf_fini(&path);
	service_set_state(ctx, verify);
}

static void
idle(struct service_context *ctx)
{
	struct verify *verify = service_state(ctx);

	cleanup_client_release(verify->cleanup);
	cache_chores(verify->cache);
}

static void
stop(struct service_context *ctx)
{
	struct verify *verify = service_state(ctx);

	cache_close(verify->cache);
}

static const struct service verify_service = {
	.name = "verify",
	.shape = SERVICE_MANY_CLIENTS,
	.flags = SERVICE_SOLITARY | SERVICE_NO_MAX_USE,
	.protocol = &verify_protocol,
	.bindings = bindings,
	.config_size = sizeof(struct verify_config),
	.promises = "stdio unix-connect",
	.prepare = prepare,
	.serve = serve,
	.idle = idle,
	.stop = stop,
};

int
main(int argc, char **argv)
{
	return service_main(&verify_service, argc, argv);
}

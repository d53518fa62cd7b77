/*
 * anvil: counts what remote clients do, for servers that limit it: connections at the same time, and connections,
 * messages, recipients, TLS handshakes and logins within anvil_rate_time_unit. It decides nothing.
 */
#include <time.h>

#include "anvil/counters/counters.h"
#include "service/service.h"
#include "util/log/log.h"

struct anvil_config {
	int time_unit_sec, status_update_sec;
};

static const struct binding anvil_bindings[] = {
	BIND_TIME(struct anvil_config, time_unit_sec, "anvil_rate_time_unit"),
	BIND_TIME(struct anvil_config, status_update_sec, "anvil_status_update_time"),
	BIND_END
};

struct state {
	struct counters *counters;
	msec_t reported;
};

static void
start(struct service_context *ctx)
{
	const struct anvil_config *config = service_config(ctx);
	struct state *state = mem_new(sizeof(*state));

	state->counters = counters_new(config->time_unit_sec);
	state->reported = clock_now();
	service_set_state(ctx, state);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *frame)
{
	struct state *state = service_state(ctx);
	struct anvil_report report;
	struct anvil_counts counts;
	struct buf why = BUF_INIT;

	if (!anvil_report_get(frame, &report, &why)) {
		log_warn("malformed request: %s", buf_c(&why));
		buf_fini(&why);
		return SERVICE_HANG_UP;
	}
	counters_count(state->counters, channel, &report, &counts);
	anvil_counts_put(channel_out(channel), &counts);
	return SERVICE_DONE;
}

static void
client_gone(struct service_context *ctx, struct channel *channel)
{
	struct state *state = service_state(ctx);

	counters_gone(state->counters, channel);
}

/* -- statistics ------------------------------------------------------------------------------------ */

static const char *const rate_names[ANVIL_EVENTS] = {
	[ANVIL_CONNECT] = "connection", [ANVIL_MESSAGE] = "message", [ANVIL_RECIPIENT] = "recipient",
	[ANVIL_NEW_TLS] = "newtls", [ANVIL_AUTH] = "auth",
};

static const char *
stamp(time_t when, char text[32])
{
	struct tm tm;

	localtime_r(&when, &tm);
	strftime(text, 32, "%b %e %H:%M:%S", &tm);
	return text;
}

static void
report_rate(const struct counters_statistics *s, enum anvil_event event, int unit_sec)
{
	const struct counters_peak *peak = &s->rates[event];
	char when[32];

	if (peak->value > 0)
		log_info("statistics: max %s rate %d/%ds for (%s) at %s", rate_names[event], peak->value, unit_sec,
		    buf_c(&peak->who), stamp(peak->when, when));
}

/* Connections first, as readers of the log know it. */
static void
report(struct service_context *ctx)
{
	const struct anvil_config *config = service_config(ctx);
	struct state *state = service_state(ctx);
	const struct counters_statistics *s = counters_statistics(state->counters);
	char when[32];

	report_rate(s, ANVIL_CONNECT, config->time_unit_sec);
	if (s->connections.value > 0)
		log_info("statistics: max connection count %d for (%s) at %s", s->connections.value,
		    buf_c(&s->connections.who), stamp(s->connections.when, when));
	for (enum anvil_event event = ANVIL_MESSAGE; event < ANVIL_EVENTS; event++)
		report_rate(s, event, config->time_unit_sec);
	if (s->cache_size > 0)
		log_info("statistics: max cache size %zu at %s", s->cache_size, stamp(s->cache_when, when));
	counters_reset_statistics(state->counters);
	state->reported = clock_now();
}

static void
idle(struct service_context *ctx)
{
	const struct anvil_config *config = service_config(ctx);
	struct state *state = service_state(ctx);

	counters_expire(state->counters);
	if (clock_now() - state->reported >= (msec_t)config->status_update_sec * 1000)
		report(ctx);
}

static void
stop(struct service_context *ctx)
{
	report(ctx);
}

static const struct service anvil_service = {
	.name = "anvil",
	.shape = SERVICE_MANY_CLIENTS,
	.flags = SERVICE_SOLITARY | SERVICE_NO_MAX_USE,
	.protocol = &anvil_protocol,
	.bindings = anvil_bindings,
	.config_size = sizeof(struct anvil_config),
	.promises = "stdio",
	.start = start,
	.serve = serve,
	.client_gone = client_gone,
	.idle = idle,
	.stop = stop,
};

int
main(int argc, char **argv)
{
	return service_main(&anvil_service, argc, argv);
}

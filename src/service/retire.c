/* When to leave, and what is looked at between requests. */
#include "service/context.h"

#include "global/client/call.h"
#include "service/master_link.h"
#include "table/table.h"
#include "util/log/log.h"

enum { LOOK_INTERVAL_MS = 1000, TABLES_NAP_MS = 5000, NAP_MS = 10000 };

void
service_retire(struct service_context *ctx)
{
	ctx->retiring = true;
	if (ctx->events != NULL)
		service_events_look(ctx);
}

bool
service_retiring(const struct service_context *ctx)
{
	return ctx->retiring;
}

void
service_watch(struct service_context *ctx, struct table *table)
{
	struct watched_table *watched = mem_new(sizeof(*watched));

	watched->table = table;
	list_append(&ctx->watched, &watched->link);
}

static bool
may_retire(const struct service_context *ctx)
{
	return (ctx->service->flags & SERVICE_NO_RETIRE) == 0;
}

bool
service_spent(struct service_context *ctx)
{
	bool counts = may_retire(ctx) && (ctx->service->flags & SERVICE_NO_MAX_USE) == 0;

	master_link_served(ctx);
	ctx->uses++;
	if (counts && ctx->limits.max_use > 0 && ctx->uses >= (unsigned)ctx->limits.max_use)
		ctx->retiring = true;
	return ctx->retiring;
}

bool
service_too_idle(const struct service_context *ctx, msec_t since)
{
	msec_t limit = (msec_t)ctx->limits.max_idle_sec * 1000;

	return may_retire(ctx) && limit > 0 && clock_now() - since >= limit;
}

static void
look_at_tables(struct service_context *ctx)
{
	LIST_FOREACH(watched, &ctx->watched, struct watched_table, link) {
		if (!table_changed(watched->table))
			continue;
		log_info("table %s has changed -- restarting", table_name(watched->table));
		ctx->retiring = true;
		return;
	}
}

static bool
has_idle_work(const struct service_context *ctx)
{
	return ctx->service->idle != NULL && !ctx->no_chores;
}

bool
service_has_chores(const struct service_context *ctx)
{
	return !list_empty(&ctx->watched) || has_idle_work(ctx) || ctx->options.lifetime_sec > 0;
}

void
service_set_chores(struct service_context *ctx, bool due)
{
	ctx->no_chores = !due;
}

/* Sequential services look at their tables before each client: while there is none, nobody misses what they say now. */
static msec_t
longest_nap(const struct service_context *ctx)
{
	if (has_idle_work(ctx) || ctx->options.lifetime_sec > 0)
		return LOOK_INTERVAL_MS;
	if (list_empty(&ctx->watched))
		return NAP_MS;
	return ctx->service->shape == SERVICE_SEQUENTIAL ? TABLES_NAP_MS : LOOK_INTERVAL_MS;
}

int
service_nap_ms(const struct service_context *ctx, msec_t since)
{
	msec_t nap = longest_nap(ctx);
	msec_t now = clock_now(), left = since + (msec_t)ctx->limits.max_idle_sec * 1000 - now;
	msec_t connections = callers_expire();

	if (connections != CLOCK_NEVER && connections - now < nap)
		nap = connections - now;
	if (may_retire(ctx) && ctx->limits.max_idle_sec > 0 && left < nap)
		nap = left > 0 ? left : 0;
	return (int)nap;
}

void
service_look(struct service_context *ctx)
{
	msec_t now = clock_now();

	if (ctx->retiring || now - ctx->looked < LOOK_INTERVAL_MS)
		return;
	ctx->looked = now;
	callers_expire();
	look_at_tables(ctx);
	if (ctx->options.lifetime_sec > 0 && now - ctx->started >= (msec_t)ctx->options.lifetime_sec * 1000)
		ctx->retiring = true;
	if (!ctx->retiring && ctx->service->idle != NULL)
		ctx->service->idle(ctx);
}

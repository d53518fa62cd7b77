/* trivial-rewrite: answers where recipients go. Rewriting itself is a library (global/rewrite). */
#include "service/service.h"
#include "trivial-rewrite/resolve.h"
#include "util/log/log.h"
#include "util/text/words.h"

enum { STABLE_TTL_SEC = 30 };	/* how long answers made from watched tables may be kept by a client */

static struct maps *
open_maps(struct service_context *ctx, struct resolving *r, const char *title, const char *list, unsigned flags)
{
	struct maps *maps = maps_open(service_tables(ctx), title, list, TABLE_FOLD_FIXED | flags);
	struct table *table;

	for (size_t i = 0; (table = maps_at(maps, i)) != NULL; i++)
		service_watch(ctx, table);
	if (!maps_stable(maps))
		r->ttl_sec = 0;
	return maps;
}

/* The tables in a list of domains are opened once more, to be watched: the list itself keeps its own. */
static struct match_list *
open_list(struct service_context *ctx, struct resolving *r, const char *title, const char *list)
{
	unsigned flags = words_contain(view_string(r->config->parent_domains), view_string(title)) ? MATCH_PARENT_DOMAINS : 0;
	struct view rest = view_string(list), word;

	while (view_word(&rest, ", \t\r\n", &word)) {
		struct table *table;

		if (view_find(word, ':') <= 0 || word.data[0] == '[' || word.data[0] == '/')
			continue;
		table = table_open(service_tables(ctx), word, TABLE_FOLD_FIXED);
		service_watch(ctx, table);
		if (!table_stable(table))
			r->ttl_sec = 0;
	}
	return match_list_open(service_tables(ctx), title, list, flags);
}

static void
open_routing(struct service_context *ctx, struct resolving *r, const struct routing_config *config, struct routing *out)
{
	out->config = config;
	out->sender_relayhost = open_maps(ctx, r, "sender_dependent_relayhost_maps", config->sender_relayhost_maps, 0);
	out->sender_transport = open_maps(ctx, r, "sender_dependent_default_transport_maps", config->sender_transport_maps, 0);
	out->transport = open_maps(ctx, r, "transport_maps", config->transport_maps, TABLE_NO_SUBSTITUTION);
	out->transport_parents = words_contain(view_string(r->config->parent_domains), VIEW("transport_maps"));
}

static void
prepare(struct service_context *ctx)
{
	struct resolving *r = mem_new(sizeof(*r));
	const struct resolver_config *config = service_config(ctx);
	struct buf why = BUF_INIT;

	r->config = config;
	r->ttl_sec = STABLE_TTL_SEC;
	r->mydestination = open_list(ctx, r, "mydestination", config->mydestination);
	r->alias_domains = open_list(ctx, r, "virtual_alias_domains", config->virtual_alias_domains);
	r->mailbox_domains = open_list(ctx, r, "virtual_mailbox_domains", config->virtual_mailbox_domains);
	r->relay_domains = open_list(ctx, r, "relay_domains", config->relay_domains);
	r->relocated = open_maps(ctx, r, "relocated_maps", config->relocated_maps, 0);
	open_routing(ctx, r, &config->routing, &r->routing);
	open_routing(ctx, r, &config->verify, &r->verify);
	if (!own_addresses(service_settings(ctx), &r->own, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
	service_set_state(ctx, r);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *frame)
{
	struct resolve_request request;
	struct resolve_reply reply;
	struct arena arena = ARENA_INIT;
	struct buf why = BUF_INIT;

	if (frame->type != RESOLVE_FRAME_REQUEST || !resolve_request_get(frame, &request, &why)) {
		log_warn("malformed request: %s", why.len > 0 ? buf_c(&why) : "unexpected frame");
		buf_fini(&why);
		return SERVICE_HANG_UP;
	}
	resolve(service_state(ctx), &request, &arena, &reply);
	resolve_reply_put(channel_out(channel), &reply);
	arena_fini(&arena);
	return SERVICE_DONE;
}

static const struct service rewrite_service = {
	.name = "trivial-rewrite",
	.shape = SERVICE_MANY_CLIENTS,
	.protocol = &resolve_protocol,
	.bindings = resolver_bindings,
	.config_size = sizeof(struct resolver_config),
	.promises = "stdio",
	.prepare = prepare,
	.serve = serve,
};

int
main(int argc, char **argv)
{
	return service_main(&rewrite_service, argc, argv);
}

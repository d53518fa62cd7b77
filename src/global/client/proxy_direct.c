/* proxy_direct: `proxy:type:name` inside of proxymap. */
#include "global/client/proxy.h"
#include "table/type.h"

static enum lookup
proxy_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	return table_lookup(state, key, value, why);
}

static bool
proxy_changed(void *state)
{
	return table_changed(state);
}

static bool
proxy_refused(void *state)
{
	return table_refused(state);
}

static void
proxy_close(void *state)
{
	table_close(state);
}

static const struct table_ops ops = {
	.lookup = proxy_lookup, .changed = proxy_changed, .close = proxy_close, .refused = proxy_refused,
};

static void *
proxy_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct table *inner = table_open(env, view_string(name), flags);
	const char *broken = table_broken(inner);

	if (broken != NULL) {
		why_set(why, "%s", broken);
		table_close(inner);
		return NULL;
	}
	traits->kind = table_kind(inner);
	traits->remote = table_is_remote(inner);
	traits->owner = table_owner(inner, &traits->owner_trusted);
	return inner;
}

static const struct table_type proxy_type = { .name = "proxy", .ops = &ops, .open = proxy_open };

void
proxy_register_direct(void)
{
	table_register(&proxy_type);
}

#include "smtp/tls_demand.h"

#include "smtp/config.h"
#include "table/maps.h"

enum demand { DEMAND_NONE, DEMAND_UNKNOWN, DEMAND_TLS };

/* A level of smtp_tls_security_level or a policy table, or a word of smtp_tls_per_site. What is unknown demands nothing less. */
static enum demand
level_demands(struct view level)
{
	static const char *const optional[] = { "", "none", "may", "dane" };

	for (size_t i = 0; i < ARRAY_COUNT(optional); i++)
		if (view_is_nocase(level, optional[i]))
			return DEMAND_NONE;
	return DEMAND_TLS;
}

static enum demand
look_up(struct maps *maps, struct view key, bool *found)
{
	struct buf value = BUF_INIT;
	struct view rest, level = VIEW_EMPTY;
	enum lookup result = maps_lookup(maps, key, false, &value, NULL);
	enum demand demand = DEMAND_NONE;

	*found = result == LOOKUP_FOUND;
	if (result == LOOKUP_RETRY) {
		demand = DEMAND_UNKNOWN;
	} else if (*found) {
		rest = buf_view(&value);
		view_word(&rest, " \t", &level);
		demand = level_demands(level);
	}
	buf_fini(&value);
	return demand;
}

/* "[host]:port" is looked up as it stands; a plain domain then by its parents, which begin with a dot. */
static enum demand
policy_demands(struct maps *maps, struct view nexthop, bool *found)
{
	enum demand demand = look_up(maps, nexthop, found);
	ptrdiff_t dot;

	while (!*found && demand == DEMAND_NONE && !view_starts(nexthop, VIEW("[")) &&
	    (dot = view_find(view_slice(nexthop, 1, nexthop.len), '.')) >= 0) {
		nexthop = view_slice(nexthop, (size_t)dot + 1, nexthop.len);
		demand = look_up(maps, nexthop, found);
	}
	return demand;
}

static enum demand
nexthop_demands(const struct client *client, struct view nexthop)
{
	const struct smtp_config *config = client->config;
	enum demand demand;
	bool found = false;

	if (client->tls_policy != NULL && nexthop.len > 0) {
		demand = policy_demands(client->tls_policy, nexthop, &found);
		if (found || demand != DEMAND_NONE)
			return demand;
	}
	if (client->tls_per_site != NULL && config->tls_level[0] == '\0') {
		demand = look_up(client->tls_per_site, nexthop, &found);
		if (found || demand != DEMAND_NONE)
			return demand;
	}
	return config->tls_level[0] == '\0' && config->enforce_tls ? DEMAND_TLS : level_demands(view_string(config->tls_level));
}

bool
tls_demanded(const struct client *client, struct view nexthops, struct dsn *dsn)
{
	enum demand worst = DEMAND_NONE, demand;
	struct view nexthop;

	while (view_word(&nexthops, ", \t\r\n", &nexthop))
		if ((demand = nexthop_demands(client, nexthop)) > worst)
			worst = demand;
	if (worst == DEMAND_TLS)
		dsn_set(dsn, "4.7.4", "TLS is required, but this SMTP client has none");
	else if (worst == DEMAND_UNKNOWN)
		dsn_set(dsn, "4.7.5", "TLS policy lookup failure");
	return worst != DEMAND_NONE;
}

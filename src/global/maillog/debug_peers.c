#include "global/maillog/debug_peers.h"

#include "util/base/mem.h"
#include "util/log/log.h"
#include "util/text/words.h"

#define LIST_NAME	"debug_peer_list"

struct debug_peers {
	const char *names, *parent_domains;
	int level;
	struct match_list *list;	/* NULL: nobody */
};

static const struct binding bindings[] = {
	BIND_STRING(struct debug_peers, names, LIST_NAME),
	BIND_STRING(struct debug_peers, parent_domains, "parent_domain_matches_subdomains"),
	BIND_INT(struct debug_peers, level, "debug_peer_level"),
	BIND_END
};

struct debug_peers *
debug_peers_open(struct config *config, const struct table_env *env, struct buf *why)
{
	struct debug_peers *peers = mem_new(sizeof(*peers));
	bool parents;

	if (!config_bind(config, bindings, peers, why)) {
		mem_free(peers);
		return NULL;
	}
	parents = words_contain(view_string(peers->parent_domains), VIEW(LIST_NAME));
	if (*peers->names != '\0')
		peers->list = match_list_open(env, LIST_NAME, peers->names, parents ? MATCH_PARENT_DOMAINS : 0);
	return peers;
}

int
debug_peers_begin(const struct debug_peers *peers, struct view name, const struct netaddr *addr)
{
	int before = log_verbose();

	if (peers->list != NULL && match_list_host(peers->list, name, addr) == LOOKUP_FOUND)
		log_set_verbose(before + peers->level);
	return before;
}

bool
debug_peers_changed(const struct debug_peers *peers, const char **table)
{
	return peers->list != NULL && match_list_changed(peers->list, table);
}

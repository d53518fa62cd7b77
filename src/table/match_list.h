/*
 * match_list: lists of host, domain and address patterns: names, .domain, addresses, networks,
 * /file, type:table, `!` negation; first match wins; a table in the list matches by key existence.
 */
#ifndef TABLE_MATCH_LIST_H
#define TABLE_MATCH_LIST_H

#include "table/table.h"
#include "util/net/netaddr.h"

enum {
	MATCH_PARENT_DOMAINS	= 1 << 0,	/* `domain` matches subdomains too (parent_domain_matches_subdomains) */
	MATCH_WARN_SYNTAX	= 1 << 1,	/* addresses only: whatever has a '/' and is no network is an error */
};

struct match_list;

struct match_list *match_list_open(const struct table_env *env, const char *title, const char *list, unsigned flags);
void		 match_list_close(struct match_list *list);
bool		 match_list_changed(struct match_list *list, const char **which);

enum lookup	 match_list_string(struct match_list *list, struct view text);		/* folded compare */
enum lookup	 match_list_domain(struct match_list *list, struct view domain);	/* with parent rules */
/* name may be empty or "unknown"; addr may be NULL. mynetworks, debug_peer_list, exclusions … */
enum lookup	 match_list_host(struct match_list *list, struct view name, const struct netaddr *addr);

#endif

/*
 * debug_peers: while a process deals with one of debug_peer_list, it logs more, by debug_peer_level.
 */
#ifndef GLOBAL_MAILLOG_DEBUG_PEERS_H
#define GLOBAL_MAILLOG_DEBUG_PEERS_H

#include "global/config/config.h"
#include "table/match_list.h"

struct debug_peers;

/* NULL with a reason: one of the parameters makes no sense. For the life of the process. */
struct debug_peers	*debug_peers_open(struct config *config, const struct table_env *env, struct buf *why);
/* Raises the level for a peer that is listed. Returns what log_set_verbose() is given afterwards, in any case. */
int			 debug_peers_begin(const struct debug_peers *peers, struct view name, const struct netaddr *addr);
bool			 debug_peers_changed(const struct debug_peers *peers, const char **table);

#endif

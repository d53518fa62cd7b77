/*
 * cache: answers of the resolver, kept in this process as the packets they came in. What was found lives as long as its
 * records say, within bounds; that something is not there, for half a minute; failures are never kept.
 */
#ifndef DNS_CACHE_H
#define DNS_CACHE_H

#include "dns/dns.h"
#include "util/base/clock.h"

enum { DNS_CACHE_ENTRIES_MAX = 500, DNS_CACHE_TTL_MAX = 300, DNS_CACHE_TTL_NEGATIVE = 30 };

struct dns_cached {
	enum dns_result result;
	struct buf packet;		/* of what was found */
	msec_t expires;
};

/* NULL: ask the resolver. It lives until the next dns_cache_put(). */
const struct dns_cached *dns_cache_get(const char *name, enum dns_type type);
void	dns_cache_put(const char *name, enum dns_type type, enum dns_result result, struct view packet, uint32_t ttl_sec);

#endif

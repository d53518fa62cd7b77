#include "dns/cache.h"

#include "util/base/hash.h"
#include "util/base/mem.h"

/* A process has one resolver, and one cache. */
static struct hash *cache;

static void
key_put(struct buf *out, const char *name, enum dns_type type)
{
	buf_printf(out, "%u %s", (unsigned)type, name);
	buf_lower(out);
}

static void
cached_free(void *p)
{
	struct dns_cached *cached = p;

	if (cached == NULL)
		return;
	buf_fini(&cached->packet);
	mem_free(cached);
}

const struct dns_cached *
dns_cache_get(const char *name, enum dns_type type)
{
	const struct dns_cached *cached = NULL;
	struct buf key = BUF_INIT;

	key_put(&key, name, type);
	if (cache != NULL)
		cached = hash_get(cache, buf_view(&key));
	buf_fini(&key);
	return cached != NULL && cached->expires > clock_now() ? cached : NULL;
}

static uint32_t
lifetime(enum dns_result result, uint32_t ttl_sec)
{
	if (result == DNS_NO_NAME || result == DNS_NO_DATA)
		return DNS_CACHE_TTL_NEGATIVE;
	if (result != DNS_FOUND || ttl_sec == 0)
		return 0;
	return ttl_sec < DNS_CACHE_TTL_MAX ? ttl_sec : DNS_CACHE_TTL_MAX;
}

void
dns_cache_put(const char *name, enum dns_type type, enum dns_result result, struct view packet, uint32_t ttl_sec)
{
	uint32_t seconds = lifetime(result, ttl_sec);
	struct dns_cached *cached;
	struct buf key = BUF_INIT;

	if (seconds == 0)
		return;
	if (cache != NULL && hash_count(cache) >= DNS_CACHE_ENTRIES_MAX) {
		hash_free(cache, cached_free);		/* all of it: what is asked often comes back at once */
		cache = NULL;
	}
	if (cache == NULL)
		cache = hash_new();
	cached = mem_new(sizeof(*cached));
	cached->result = result;
	cached->expires = clock_deadline((msec_t)seconds * 1000);
	if (result == DNS_FOUND)
		buf_set(&cached->packet, packet);
	key_put(&key, name, type);
	cached_free(hash_put(cache, buf_view(&key), cached));
	buf_fini(&key);
}

#include "tlsmgr/tickets/tickets.h"

#include <errno.h>
#include <sys/random.h>

#include "util/log/log.h"

enum { LIFETIME_MIN_SEC = 120 };

static void
fill(void *data, size_t size)
{
	if (getrandom(data, size, 0) != (ssize_t)size)
		log_fatal("getrandom: %s", strerror(errno));
}

static void
make(struct tlsmgr_ticket_key *key, long long now, long long lifetime)
{
	fill(key->name, sizeof(key->name));
	fill(key->cipher, sizeof(key->cipher));
	fill(key->mac, sizeof(key->mac));
	key->signs_until = now + lifetime / 2;
	key->opens_until = now + lifetime;
}

/* A clock that was set back makes no key live longer than it should. */
static bool
before(long long now, long long until, long long span)
{
	return now < until && until - now <= span;
}

static void
turn(struct tickets *tickets, long long now, long long lifetime)
{
	if (tickets->lifetime_sec != lifetime) {
		mem_wipe(tickets, sizeof(*tickets));
		tickets->lifetime_sec = lifetime;
	}
	if (before(now, tickets->current.signs_until, lifetime / 2))
		return;
	tickets->previous = tickets->current;
	make(&tickets->current, now, lifetime);
}

static bool
is_it(const struct tlsmgr_ticket_key *key, struct view name, long long now, long long lifetime)
{
	return view_equal(name, view_bytes(key->name, sizeof(key->name))) && before(now, key->opens_until, lifetime);
}

const struct tlsmgr_ticket_key *
tickets_key(struct tickets *tickets, int lifetime_sec, struct view name)
{
	long long now = clock_wall().tv_sec, lifetime = lifetime_sec < LIFETIME_MIN_SEC ? LIFETIME_MIN_SEC : lifetime_sec;

	if (lifetime_sec <= 0)
		return NULL;
	turn(tickets, now, lifetime);
	if (view_empty(name) || is_it(&tickets->current, name, now, lifetime))
		return &tickets->current;
	return is_it(&tickets->previous, name, now, lifetime) ? &tickets->previous : NULL;
}

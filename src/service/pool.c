#include "service/pool.h"

static unsigned
used(const struct pool *pool)
{
	unsigned top = atomic_load(&pool->top);

	return top < POOL_PLACES ? top : POOL_PLACES;
}

int
pool_join(struct pool *pool)
{
	unsigned place = 0;

	while (place < POOL_PLACES && atomic_load(&pool->places[place]) != POOL_FREE)
		place++;
	if (place == POOL_PLACES)
		return -1;
	atomic_store(&pool->places[place], POOL_IDLE);
	if (place >= used(pool))
		atomic_store(&pool->top, place + 1);
	return (int)place;
}

void
pool_leave(struct pool *pool, int place)
{
	atomic_store(&pool->places[place], POOL_FREE);
}

static bool
anybody_idle_but(const struct pool *pool, int place)
{
	unsigned top = used(pool);

	for (unsigned i = 0; i < top; i++)
		if ((int)i != place && atomic_load(&pool->places[i]) == POOL_IDLE)
			return true;
	return false;
}

bool
pool_anybody_idle(const struct pool *pool)
{
	return anybody_idle_but(pool, -1);
}

bool
pool_enter(struct pool *pool, int place, enum pool_state state)
{
	atomic_store(&pool->places[place], state);
	return !anybody_idle_but(pool, place);
}

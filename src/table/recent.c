#include "table/recent.h"

#include "util/base/hash.h"

static size_t
place_of(struct view key)
{
	return hash_bytes(key) % RECENT_COUNT;
}

void
recent_fini(struct recent *recent)
{
	for (size_t i = 0; i < RECENT_COUNT; i++) {
		buf_fini(&recent->places[i].key);
		buf_fini(&recent->places[i].value);
	}
}

bool
recent_get(const struct recent *recent, struct view key, struct buf *value, enum lookup *result)
{
	const struct recent_answer *answer = &recent->places[place_of(key)];

	if (clock_now() >= answer->until || !view_equal(buf_view(&answer->key), key))
		return false;
	if (answer->result == LOOKUP_FOUND)
		buf_set(value, buf_view(&answer->value));
	*result = answer->result;
	return true;
}

void
recent_put(struct recent *recent, struct view key, struct view value, enum lookup result)
{
	struct recent_answer *answer = &recent->places[place_of(key)];

	if (result == LOOKUP_RETRY)
		return;
	buf_set(&answer->key, key);
	buf_set(&answer->value, result == LOOKUP_FOUND ? value : VIEW_EMPTY);
	answer->result = result;
	answer->until = clock_now() + RECENT_MS;
}

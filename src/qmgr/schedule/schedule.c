#include "qmgr/schedule/schedule.h"

void
schedule_init(struct schedule *schedule, const struct schedule_limits *limits, const struct schedule_hooks *hooks)
{
	*schedule = (struct schedule){ .limits = *limits, .hooks = *hooks, .names = hash_new() };
	list_init(&schedule->transports);
	list_init(&schedule->wakeups);
}

static void
transport_free(struct transport *transport)
{
	wakeup_stop(&transport->retry);
	wakeup_stop(&transport->rate);
	dsn_fini(&transport->reason);
	list_remove(&transport->link);
	hash_free(transport->destinations, NULL);
	mem_free(transport->name);
	mem_free(transport);
}

static bool
collect(struct view key, void *value, void *arg)
{
	struct destination **one = arg;

	*one = value;
	return false;
}

void
schedule_fini(struct schedule *schedule)
{
	schedule_revive_all(schedule);
	LIST_FOREACH_SAFE(transport, after, &schedule->transports, struct transport, link) {
		struct destination *left = NULL;

		for (hash_each(transport->destinations, collect, &left); left != NULL;
		    left = NULL, hash_each(transport->destinations, collect, &left))
			destination_revive(left);
		transport_free(transport);
	}
	hash_free(schedule->names, NULL);
}

/* From the end: most waits of a kind are as long as the one before. */
void
wakeup_start(struct schedule *schedule, struct wakeup *wakeup, msec_t after_ms, void (*expired)(void *), void *arg)
{
	struct list *behind;

	wakeup_stop(wakeup);
	wakeup->at = clock_now() + after_ms;
	wakeup->expired = expired;
	wakeup->arg = arg;
	behind = schedule->wakeups.prev;
	while (behind != &schedule->wakeups && CONTAINER_OF(behind, struct wakeup, link)->at > wakeup->at)
		behind = behind->prev;
	list_prepend(behind, &wakeup->link);
}

void
wakeup_stop(struct wakeup *wakeup)
{
	list_remove(&wakeup->link);
}

msec_t
schedule_next_wakeup(const struct schedule *schedule)
{
	const struct wakeup *first = LIST_FIRST(&schedule->wakeups, struct wakeup, link);

	return first != NULL ? first->at : CLOCK_NEVER;
}

void
schedule_run_wakeups(struct schedule *schedule)
{
	msec_t now = clock_now();
	struct wakeup *first;

	while ((first = LIST_FIRST(&schedule->wakeups, struct wakeup, link)) != NULL && first->at <= now) {
		wakeup_stop(first);
		first->expired(first->arg);
	}
}

static bool
revive_destination(struct view key, void *value, void *arg)
{
	struct destination *destination = value;
	struct destination **dead = arg;

	if (destination->window != WINDOW_DEAD)
		return true;
	*dead = destination;
	return false;
}

/* One at a time, for reviving may remove it from the table that is walked. */
static void
revive_destinations(struct transport *transport)
{
	struct destination *dead;

	do {
		dead = NULL;
		hash_each(transport->destinations, revive_destination, &dead);
		if (dead != NULL)
			destination_revive(dead);
	} while (dead != NULL);
}

void
schedule_revive_all(struct schedule *schedule)
{
	LIST_FOREACH(transport, &schedule->transports, struct transport, link) {
		if (transport->dead)
			transport_revive(transport);
		revive_destinations(transport);
	}
}

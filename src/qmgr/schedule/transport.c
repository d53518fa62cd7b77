#include "qmgr/schedule/schedule.h"

enum { PENDING_MAX = 2 };

static struct transport *
transport_new(struct schedule *schedule, struct view name)
{
	struct transport *transport = mem_new(sizeof(*transport));

	transport->schedule = schedule;
	transport->name = mem_new(name.len + 1);
	memcpy(transport->name, name.data, name.len);
	transport->destinations = hash_new();
	list_init(&transport->ready);
	list_init(&transport->jobs);
	list_init(&transport->jobs_by_time);
	transport->blocking = 1;	/* 0 is the tag of who never was blocked */
	dsn_init(&transport->reason);
	schedule->hooks.limits(transport->name, &transport->limits, schedule->hooks.arg);
	transport->slots_free = transport->limits.recipient_limit;
	transport->extra_free = transport->limits.extra_recipient_limit;
	list_append(&schedule->transports, &transport->link);
	hash_put(schedule->names, name, transport);
	return transport;
}

struct transport *
transport_get(struct schedule *schedule, struct view name)
{
	struct transport *transport = hash_get(schedule->names, name);

	return transport != NULL ? transport : transport_new(schedule, name);
}

/*
 * Is there more to do than the connections under way will take? An agent that is idle does not leave it to them: they
 * may wait for a process that only comes free with this agent.
 */
static bool
has_work(const struct transport *transport)
{
	int wanted = transport->idle > 0 ? 0 : transport->pending;

	LIST_FOREACH(destination, &transport->ready, struct destination, ready_link) {
		int room = destination->window - destination->busy;

		wanted -= room < destination->todo ? room : destination->todo;
		if (wanted < 0)
			return true;
	}
	return false;
}

struct transport *
transport_select(struct schedule *schedule)
{
	LIST_FOREACH(transport, &schedule->transports, struct transport, link) {
		if (transport->dead || transport->rate_locked || !has_work(transport))
			continue;
		if (transport->idle == 0 && transport->pending >= PENDING_MAX)
			continue;
		list_remove(&transport->link);
		list_append(&schedule->transports, &transport->link);
		return transport;
	}
	return NULL;
}

static void
retry_over(void *arg)
{
	transport_revive(arg);
}

struct todo_list {
	struct destination **list;
	size_t count;
};

static bool
add_todo(struct view key, void *value, void *arg)
{
	struct todo_list *all = arg;

	all->list[all->count++] = value;
	return true;
}

/* Deferring may free a destination, so that they are listed first; none frees another. */
static void
defer_all(struct transport *transport)
{
	struct todo_list all = { mem_new_array(hash_count(transport->destinations) + 1, sizeof(*all.list)), 0 };

	hash_each(transport->destinations, add_todo, &all);
	for (size_t i = 0; i < all.count; i++)
		destination_defer_todo(all.list[i], &transport->reason);
	mem_free(all.list);
}

void
transport_kill(struct transport *transport, const struct dsn *reason)
{
	if (transport->dead)
		return;
	transport->dead = true;
	dsn_set(&transport->reason, reason->status, "%s", buf_c(&reason->text));
	wakeup_start(transport->schedule, &transport->retry, (msec_t)transport->schedule->limits.transport_retry_sec * 1000,
	    retry_over, transport);
	defer_all(transport);
}

void
transport_revive(struct transport *transport)
{
	transport->dead = false;
	wakeup_stop(&transport->retry);
}

static void
rate_over(void *arg)
{
	struct transport *transport = arg;

	transport->rate_locked = false;
	transport->rate_ticket = true;
}

bool
transport_rate_permit(struct transport *transport)
{
	if (transport->limits.transport_rate_delay_sec == 0)
		return true;
	if (transport->rate_ticket) {
		transport->rate_ticket = false;
		return true;
	}
	transport->rate_locked = true;
	wakeup_start(transport->schedule, &transport->rate, (msec_t)transport->limits.transport_rate_delay_sec * 1000,
	    rate_over, transport);
	return false;
}

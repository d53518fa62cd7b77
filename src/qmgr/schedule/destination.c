#include "qmgr/schedule/schedule.h"
#include "util/log/log.h"

static int
concurrency_limit(const struct transport *transport)
{
	return transport->limits.destination_rate_delay_sec > 0 ? 1 : transport->limits.concurrency_limit;
}

static int
initial_window(const struct transport *transport)
{
	int limit = concurrency_limit(transport), initial = transport->limits.initial_concurrency;

	return limit > 0 && initial > limit ? limit : initial;
}

struct destination *
destination_get(struct transport *transport, struct view name, struct view nexthop)
{
	struct destination *destination = hash_get(transport->destinations, name);
	struct buf text = BUF_INIT;

	if (destination != NULL)
		return destination;
	destination = mem_new(sizeof(*destination));
	destination->transport = transport;
	buf_putv(&text, name);
	destination->name = mem_string(buf_c(&text));
	buf_set(&text, nexthop);
	destination->nexthop = mem_string(buf_c(&text));
	buf_fini(&text);
	destination->window = initial_window(transport);
	destination->last_done = CLOCK_NEVER;
	list_init(&destination->todo_entries);
	list_init(&destination->busy_entries);
	dsn_init(&destination->reason);
	hash_put(transport->destinations, name, destination);
	transport->schedule->destinations++;
	return destination;
}

static void
destination_free(struct destination *destination)
{
	struct transport *transport = destination->transport;

	hash_remove(transport->destinations, view_string(destination->name));
	transport->schedule->destinations--;
	list_remove(&destination->ready_link);
	wakeup_stop(&destination->wakeup);
	dsn_fini(&destination->reason);
	mem_free(destination->nexthop);
	mem_free(destination->name);
	mem_free(destination);
}

/* The dead are remembered while there is room for it; the suspended until their time is over. */
void
destination_forget_if_idle(struct destination *destination)
{
	const struct schedule *schedule = destination->transport->schedule;
	bool crowded = schedule->destinations > 2 * (size_t)schedule->limits.recipient_limit;

	if (destination->busy > 0 || destination->todo > 0)
		return;
	if (destination->window > 0 || (destination->window == WINDOW_DEAD && crowded))
		destination_free(destination);
}

/* Room that was not there before lets the blocked jobs of the transport be looked at again. */
void
destination_check_room(struct destination *destination)
{
	struct transport *transport = destination->transport;
	bool room = destination->window > destination->busy;

	if (room && destination->blocking == transport->blocking)
		transport_unblock(transport);
	if (!room || destination->todo == 0)
		list_remove(&destination->ready_link);
	else if (!list_linked(&destination->ready_link))
		list_append(&transport->ready, &destination->ready_link);
}

static void
log_feedback(const struct destination *destination, const char *kind, double value)
{
	if (destination->transport->schedule->limits.feedback_debug)
		log_info("%s: %s feedback %g, window %d, success %g, failure %g, failed cohorts %g", destination->name, kind,
		    value, destination->window, destination->success, destination->failure,
		    destination->fail_cohorts);
}

void
destination_revive(struct destination *destination)
{
	wakeup_stop(&destination->wakeup);
	destination->window = destination->busy > 0 ? destination->busy : initial_window(destination->transport);
	destination->success = destination->failure = destination->fail_cohorts = 0;
	dsn_set(&destination->reason, "", "%s", "");
	destination_check_room(destination);
	destination_forget_if_idle(destination);
}

static void
widen(struct destination *destination)
{
	int limit = concurrency_limit(destination->transport);
	double value = feedback_value(&destination->transport->limits.positive, destination->window);

	if (limit > 0 && destination->window >= limit)
		return;
	if (destination->window >= destination->busy + initial_window(destination->transport))
		return;
	destination->success += value;
	while (destination->success + value / 2 >= 1) {
		destination->window++;
		destination->success -= 1;
		destination->failure = 0;
	}
	if (limit > 0 && destination->window > limit)
		destination->window = limit;
	log_feedback(destination, "positive", value);
}

void
destination_success(struct destination *destination)
{
	if (destination->window == WINDOW_DEAD) {
		destination_revive(destination);
		return;
	}
	destination->fail_cohorts = 0;
	if (destination->window > 0)
		widen(destination);
	destination_check_room(destination);
}

static void
narrow(struct destination *destination)
{
	double value = feedback_value(&destination->transport->limits.negative, destination->window);

	destination->failure -= value;
	while (destination->failure - value / 2 < 0) {
		destination->window--;
		destination->success = 0;
		destination->failure += 1;
	}
	if (destination->window < 1)
		destination->window = 1;
	log_feedback(destination, "negative", value);
}

static void
death_over(void *arg)
{
	destination_revive(arg);
}

static void
die(struct destination *destination, const struct dsn *reason)
{
	struct schedule *schedule = destination->transport->schedule;

	destination->window = WINDOW_DEAD;
	destination->connection_load = destination->connection_store = false;
	dsn_set(&destination->reason, reason->status, "%s", buf_c(&reason->text));
	wakeup_start(schedule, &destination->wakeup, (msec_t)schedule->limits.minimal_backoff_sec * 1000, death_over, destination);
	log_feedback(destination, "final", 0);
}

void
destination_failure(struct destination *destination, const struct dsn *reason)
{
	int cohorts = destination->transport->limits.failed_cohort_limit;

	if (destination->window <= 0)
		return;
	destination->fail_cohorts += 1.0 / destination->window;
	if (cohorts > 0 && destination->fail_cohorts >= cohorts)
		die(destination, reason);
	else
		narrow(destination);
	destination_check_room(destination);
	if (destination->window == WINDOW_DEAD)
		destination_defer_todo(destination, &destination->reason);
}

/* The retry transport's next hop is the reason; equal reasons share a destination there. */
static struct destination *
retry_destination(struct schedule *schedule, const struct dsn *reason)
{
	struct transport *retry = transport_get(schedule, VIEW("retry"));
	struct buf name = BUF_INIT, nexthop = BUF_INIT;
	struct destination *found;

	buf_printf(&nexthop, "%s %s", reason->status, buf_c(&reason->text));
	buf_putv(&name, buf_view(&nexthop));
	buf_lower(&name);
	found = retry->dead ? NULL : destination_get(retry, buf_view(&name), buf_view(&nexthop));
	buf_fini(&name);
	buf_fini(&nexthop);
	return found;
}

static void
move_entry(struct entry *entry, struct destination *to)
{
	for (size_t i = 0; i < entry->count; i++)
		message_assign(entry->message, to, &entry->recipients[i]);
	entry_done(entry);
}

/* The destination may be gone afterwards. */
void
destination_defer_todo(struct destination *destination, const struct dsn *reason)
{
	struct schedule *schedule = destination->transport->schedule;
	struct destination *retry;
	struct dsn why;
	struct entry *entry;

	if (destination->todo == 0)
		return;
	retry = retry_destination(schedule, reason);
	if (retry == destination || (retry != NULL && retry->window == WINDOW_DEAD))
		retry = NULL;
	dsn_init(&why);
	dsn_set(&why, reason->status, "%s", buf_c(&reason->text));	/* which may go with the destination */
	for (int left = destination->todo; left > 0; left--) {
		entry = LIST_FIRST(&destination->todo_entries, struct entry, destination_link);
		if (retry != NULL) {
			move_entry(entry, retry);
		} else {
			entry_select(entry);
			schedule->hooks.defer(entry, &why, schedule->hooks.arg);
		}
	}
	dsn_fini(&why);
}

/*
 * Idle connections are worth keeping when deliveries follow each other within a second, or overlap.
 */
void
destination_hint_connection(struct destination *destination)
{
	bool back_to_back = destination->last_done != CLOCK_NEVER && clock_now() - destination->last_done <= 1000;

	if (back_to_back)
		destination->connection_load = destination->connection_store = true;
	else if (destination->busy <= 1)
		destination->connection_store = false;
}

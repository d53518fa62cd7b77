/*
 * The scheduler under random load: messages larger than memory, agents that come, serve, fail and go, transports that die,
 * rates, and time that is played. Nothing may be forgotten, nothing served twice, and all counts must come back to zero.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "qmgr/schedule/schedule.h"

enum { AGENTS_MAX = 400, MESSAGES = 40, ROUNDS = 60, DOMAINS = 5 };

enum state { NOBODY, CONNECTING, IDLE, BUSY };

struct agent {
	enum state state;
	struct transport *transport;
	struct entry *entry;
};

struct mail {
	struct message message;
	struct list link, refill_link;
	size_t left;		/* recipients not read yet */
};

struct world {
	struct schedule schedule;
	unsigned long random;
	struct agent agents[AGENTS_MAX];
	struct list mails, refills;
	struct entry *deferring[AGENTS_MAX];
	size_t deferring_count;
	size_t started;			/* messages */
	size_t given, taken;		/* recipients */
	bool slow;			/* this world has rate delays */
};

static const char *const names[] = { "smtp", "local", "retry" };

static unsigned
any(struct world *world, unsigned below)
{
	world->random = world->random * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(world->random >> 33) % below;
}

/* -- what the scheduler asks for ------------------------------------------------------------------------------------ */

static void
give_limits(const char *transport, struct transport_limits *out, void *arg)
{
	struct world *world = arg;

	*out = (struct transport_limits){
		.recipient_limit = 20, .extra_recipient_limit = 10, .refill_limit = 5, .refill_delay_sec = 5,
		.slot_cost = (int)any(world, 6), .slot_loan = 3, .slot_discount = 50, .minimum_slots = (int)any(world, 4),
		.destination_recipient_limit = (int)any(world, 4), .concurrency_limit = (int)any(world, 5),
		.initial_concurrency = 1 + (int)any(world, 5), .failed_cohort_limit = (int)any(world, 4),
		.positive = { FEEDBACK_CONSTANT, 1 }, .negative = { FEEDBACK_INVERSE, 1 },
	};
	if (world->slow && strcmp(transport, "local") == 0)
		out->destination_rate_delay_sec = 1;
	if (world->slow && strcmp(transport, "smtp") == 0)
		out->transport_rate_delay_sec = (int)any(world, 2);
}

static void
ask_refill(struct message *message, void *arg)
{
	struct world *world = arg;
	struct mail *mail = CONTAINER_OF(message, struct mail, message);

	assert_true(mail->left > 0);
	message->busy = true;
	if (!list_linked(&mail->refill_link))
		list_append(&world->refills, &mail->refill_link);
}

static void
finished(struct message *message, void *arg)
{
	struct world *world = arg;
	struct mail *mail = CONTAINER_OF(message, struct mail, message);

	if (mail->left > 0) {
		ask_refill(message, world);
		return;
	}
	list_remove(&mail->link);
	message_fini(&world->schedule, message);
	mem_free(mail);
}

static void
defer_later(struct entry *entry, const struct dsn *reason, void *arg)
{
	struct world *world = arg;

	assert_in_range(world->deferring_count, 0, AGENTS_MAX - 1);
	world->deferring[world->deferring_count++] = entry;
}

/* -- messages ------------------------------------------------------------------------------------------------------- */

static void
assign_one(struct world *world, struct message *message)
{
	struct transport *transport = transport_get(&world->schedule, view_string(names[any(world, 2)]));
	char domain[] = { (char)('a' + any(world, DOMAINS)), '\0' };
	struct destination *destination = destination_get(transport, view_string(domain), view_string(domain));
	struct queue_recipient recipient = { .address = VIEW("user@example.com") };

	message_assign(message, destination, &recipient);
	if (transport->dead)
		destination_defer_todo(destination, &transport->reason);
	else if (destination->window == WINDOW_DEAD)
		destination_defer_todo(destination, &destination->reason);
}

static void
read_some(struct world *world, struct mail *mail)
{
	size_t room = message_room(&world->schedule, &mail->message), count = room > 0 ? room : 1;

	mail->message.busy = true;
	count = count < mail->left ? count : mail->left;
	mail->left -= count;
	message_set_unread(&world->schedule, &mail->message, mail->left);
	mail->message.refilled = clock_now();
	for (; count > 0; count--)
		assign_one(world, &mail->message);
	mail->message.busy = false;
	message_assigned(&mail->message);
	if (mail->message.entries == 0)
		finished(&mail->message, world);
}

static void
new_mail(struct world *world)
{
	struct mail *mail = mem_new(sizeof(*mail));

	message_init(&world->schedule, &mail->message);
	list_append(&world->mails, &mail->link);
	mail->left = 1 + any(world, any(world, 4) == 0 ? 150 : 4);
	world->given += mail->left;
	world->started++;
	read_some(world, mail);
}

/* -- agents --------------------------------------------------------------------------------------------------------- */

static struct agent *
find_agent(struct world *world, const struct transport *transport, enum state state)
{
	for (size_t i = 0; i < AGENTS_MAX; i++)
		if (world->agents[i].state == state && (transport == NULL || world->agents[i].transport == transport))
			return &world->agents[i];
	return NULL;
}

static void
enter(struct agent *agent, enum state state)
{
	agent->transport->pending += (state == CONNECTING) - (agent->state == CONNECTING);
	agent->transport->idle += (state == IDLE) - (agent->state == IDLE);
	agent->state = state;
}

static bool
serve(struct world *world, struct agent *agent)
{
	agent->entry = job_select_entry(agent->transport);
	if (agent->entry == NULL)
		return false;
	assert_true(agent->entry->destination->busy <= agent->entry->destination->window);
	enter(agent, BUSY);
	return true;
}

/* As qmgr does it. */
static void
deliver_all(struct world *world)
{
	struct transport *transport;
	struct agent *agent;

	while ((transport = transport_select(&world->schedule)) != NULL) {
		if (!transport_rate_permit(transport))
			continue;
		if ((agent = find_agent(world, transport, IDLE)) != NULL) {
			assert_true(serve(world, agent));	/* who has work has an entry */
			continue;
		}
		agent = find_agent(world, NULL, NOBODY);
		assert_non_null(agent);
		agent->transport = transport;
		enter(agent, CONNECTING);
	}
}

static void
fail_connection(struct agent *agent)
{
	struct dsn dsn;

	enter(agent, NOBODY);
	dsn_init(&dsn);
	dsn_set(&dsn, "4.3.0", "mail transport unavailable");
	transport_kill(agent->transport, &dsn);
	dsn_fini(&dsn);
}

static void
end_request(struct world *world, struct agent *agent)
{
	struct entry *entry = agent->entry;
	struct dsn dsn;

	enter(agent, any(world, 3) == 0 ? NOBODY : IDLE);
	dsn_init(&dsn);
	dsn_set(&dsn, "4.4.1", "host is down");
	if (any(world, 5) == 0)
		destination_failure(entry->destination, &dsn);
	else
		destination_success(entry->destination);
	dsn_fini(&dsn);
	world->taken += entry->count;
	entry_done(entry);
}

/* Something happens to an agent. False: to this one nothing can. */
static bool
agent_event(struct world *world, struct agent *agent)
{
	switch (agent->state) {
	case CONNECTING:
		if (any(world, 20) == 0) {
			fail_connection(agent);
			return true;
		}
		enter(agent, IDLE);
		if (agent->transport->dead)
			transport_revive(agent->transport);
		serve(world, agent);
		return true;
	case BUSY:
		end_request(world, agent);
		return true;
	case IDLE:
		if (any(world, 4) == 0)
			enter(agent, NOBODY);
		return false;
	default:
		return false;
	}
}

static bool
some_agent_event(struct world *world)
{
	unsigned start = any(world, AGENTS_MAX);

	for (unsigned i = 0; i < AGENTS_MAX; i++)
		if (agent_event(world, &world->agents[(start + i) % AGENTS_MAX]))
			return true;
	return false;
}

static bool
some_deferral_ends(struct world *world)
{
	struct entry *entry;

	if (world->deferring_count == 0)
		return false;
	entry = world->deferring[--world->deferring_count];
	world->taken += entry->count;
	entry_done(entry);
	return true;
}

/* -- time and turns ------------------------------------------------------------------------------------------------- */

static msec_t now_ms;

static void
let_pass(msec_t ms)
{
	now_ms += ms;
	clock_set_fake(now_ms, (struct timeval){ .tv_sec = 1700000000 + now_ms / 1000 });
}

static void
turn(struct world *world)
{
	struct mail *mail;

	schedule_run_wakeups(&world->schedule);
	deliver_all(world);
	while ((mail = LIST_FIRST(&world->refills, struct mail, refill_link)) != NULL) {
		list_remove(&mail->refill_link);
		read_some(world, mail);
	}
	deliver_all(world);
}

/* With nothing under way time passes until the scheduler wakes by itself; if it never would, mail is stuck. */
static void
wait_for_wakeup(struct world *world)
{
	msec_t next = schedule_next_wakeup(&world->schedule);

	if (next == CLOCK_NEVER)
		fail_msg("%zu messages with %zu recipients are stuck", world->schedule.messages, world->schedule.recipients);
	let_pass(next > now_ms ? next - now_ms : 0);
}

static bool
all_done(const struct world *world)
{
	return world->started == MESSAGES && list_empty(&world->mails);
}

static void
play(struct world *world)
{
	while (!all_done(world)) {
		unsigned what = any(world, 10);

		if (what == 0 && world->started < MESSAGES)
			new_mail(world);
		else if (what == 1)
			let_pass(any(world, 3000));
		else if (what == 2 && any(world, 20) == 0)
			schedule_revive_all(&world->schedule);
		else if (!some_agent_event(world) && !some_deferral_ends(world) && world->started == MESSAGES)
			wait_for_wakeup(world);
		turn(world);
	}
}

static void
check_counts(struct world *world)
{
	assert_int_equal(world->given, world->taken);
	assert_int_equal(world->schedule.recipients, 0);
	assert_int_equal(world->schedule.messages, 0);
	assert_int_equal(world->schedule.unread_messages, 0);
	LIST_FOREACH(transport, &world->schedule.transports, struct transport, link) {
		assert_true(list_empty(&transport->jobs) && list_empty(&transport->jobs_by_time));
		assert_true(list_empty(&transport->ready));
		assert_int_equal(transport->preempting, 0);
		assert_int_equal(transport->slots_free, transport->limits.recipient_limit);
		assert_int_equal(transport->extra_free, transport->limits.extra_recipient_limit);
	}
}

static void
run(unsigned long seed)
{
	struct world *world = mem_new(sizeof(*world));
	struct schedule_hooks hooks = { give_limits, ask_refill, finished, defer_later, world };
	struct schedule_limits limits = {
		.recipient_limit = 30, .recipient_minimum = 5, .message_limit = 100, .minimal_backoff_sec = 300,
		.transport_retry_sec = 60,
	};

	now_ms = 1000000;
	let_pass(0);
	world->random = seed;
	world->slow = seed % 3 == 0;
	list_init(&world->mails);
	list_init(&world->refills);
	schedule_init(&world->schedule, &limits, &hooks);
	play(world);
	check_counts(world);
	for (size_t i = 0; i < AGENTS_MAX; i++)
		if (world->agents[i].state != NOBODY)
			enter(&world->agents[i], NOBODY);
	LIST_FOREACH(transport, &world->schedule.transports, struct transport, link)
		assert_int_equal(transport->pending + transport->idle, 0);
	schedule_fini(&world->schedule);
	mem_free(world);
}

static void
test_random_worlds(void **state)
{
	for (unsigned long seed = 1; seed <= ROUNDS; seed++)
		run(seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_worlds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

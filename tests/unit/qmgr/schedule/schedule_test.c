#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "qmgr/schedule/schedule.h"

/* A scheduler in a world of its own: time is played, and what it asks for is counted. */
struct world {
	struct schedule schedule;
	struct transport_limits limits;
	int finished, deferred, refills;
};

static void
give_limits(const char *transport, struct transport_limits *out, void *arg)
{
	*out = ((struct world *)arg)->limits;
}

static void
count_refill(struct message *message, void *arg)
{
	((struct world *)arg)->refills++;
}

static void
count_finished(struct message *message, void *arg)
{
	((struct world *)arg)->finished++;
}

static void
defer_now(struct entry *entry, const struct dsn *reason, void *arg)
{
	((struct world *)arg)->deferred += (int)entry->count;
	entry_done(entry);
}

static struct world *
world_new(void)
{
	struct world *world = mem_new(sizeof(*world));
	struct schedule_hooks hooks = { give_limits, count_refill, count_finished, defer_now, world };
	struct schedule_limits limits = {
		.recipient_limit = 100, .recipient_minimum = 10, .message_limit = 100,
		.minimal_backoff_sec = 300, .transport_retry_sec = 60,
	};

	clock_set_fake(1000000, (struct timeval){ .tv_sec = 1700000000 });
	world->limits = (struct transport_limits){
		.recipient_limit = 100, .extra_recipient_limit = 10, .refill_limit = 5, .refill_delay_sec = 5,
		.slot_cost = 5, .slot_loan = 3, .slot_discount = 50, .minimum_slots = 3,
		.destination_recipient_limit = 50, .concurrency_limit = 20, .initial_concurrency = 5,
		.failed_cohort_limit = 1,
		.positive = { FEEDBACK_CONSTANT, 1 }, .negative = { FEEDBACK_CONSTANT, 1 },
	};
	schedule_init(&world->schedule, &limits, &hooks);
	return world;
}

static void
world_free(struct world *world)
{
	schedule_fini(&world->schedule);
	mem_free(world);
}

static struct transport *
smtp(struct world *world)
{
	return transport_get(&world->schedule, VIEW("smtp"));
}

static void
send_to(struct world *world, struct message *message, const char *domain, int count)
{
	for (int i = 0; i < count; i++) {
		struct destination *destination = destination_get(smtp(world), view_string(domain), view_string(domain));
		struct queue_recipient recipient = { .address = VIEW("user@example.com"), .offset = 100 + i };

		message_assign(message, destination, &recipient);
	}
}

static struct destination *
site(struct world *world, const char *domain)
{
	return hash_get(smtp(world)->destinations, view_string(domain));
}

/* Serves all there is, each entry with success at once; how many entries that were. */
static int
serve_all(struct world *world)
{
	struct entry *entry;
	int served = 0;

	while (transport_select(&world->schedule) != NULL && (entry = job_select_entry(smtp(world))) != NULL) {
		served++;
		destination_success(entry->destination);
		entry_done(entry);
	}
	return served;
}

static void
test_recipients_gather_in_entries(void **state)
{
	struct world *world = world_new();
	struct message message;

	world->limits.destination_recipient_limit = 2;
	message_init(&world->schedule, &message);
	send_to(world, &message, "a.test", 5);
	send_to(world, &message, "b.test", 1);
	assert_int_equal(message.entries, 4);
	assert_int_equal(world->schedule.recipients, 6);
	assert_int_equal(serve_all(world), 4);
	assert_int_equal(world->finished, 1);
	assert_int_equal(world->schedule.recipients, 0);
	assert_int_equal(world->schedule.destinations, 0);
	message_fini(&world->schedule, &message);
	world_free(world);
}

static void
test_window_bounds_concurrency(void **state)
{
	struct world *world = world_new();
	struct message messages[8];
	struct entry *busy[8];
	int count = 0;

	for (int i = 0; i < 8; i++) {
		message_init(&world->schedule, &messages[i]);
		send_to(world, &messages[i], "a.test", 1);
	}
	while (transport_select(&world->schedule) != NULL)
		busy[count++] = job_select_entry(smtp(world));
	assert_int_equal(count, 5);
	assert_null(job_select_entry(smtp(world)));
	destination_success(site(world, "a.test"));
	assert_int_equal(site(world, "a.test")->window, 6);
	entry_done(busy[0]);
	for (int i = 1; i < 5; i++)
		entry_done(busy[i]);
	assert_int_equal(serve_all(world), 3);
	assert_int_equal(world->finished, 8);
	for (int i = 0; i < 8; i++)
		message_fini(&world->schedule, &messages[i]);
	world_free(world);
}

/* QM1: what one request suffers kills its destination, not the transport. */
static void
test_failure_kills_the_destination_only(void **state)
{
	struct world *world = world_new();
	struct dsn reason;
	struct message messages[10];
	struct entry *busy[5];

	dsn_init(&reason);
	dsn_set(&reason, "4.4.1", "connect to a.test: Connection refused");
	for (int i = 0; i < 10; i++) {
		message_init(&world->schedule, &messages[i]);
		send_to(world, &messages[i], i < 9 ? "a.test" : "b.test", 1);
	}
	for (int i = 0; i < 5; i++)
		busy[i] = job_select_entry(smtp(world));
	for (int i = 0; i < 5; i++) {
		destination_failure(busy[i]->destination, &reason);
		entry_done(busy[i]);
	}
	assert_int_equal(site(world, "a.test")->window, WINDOW_DEAD);
	assert_false(smtp(world)->dead);
	assert_int_equal(site(world, "a.test")->todo, 0);
	assert_int_equal(transport_get(&world->schedule, VIEW("retry"))->dead, false);
	assert_int_equal(hash_count(transport_get(&world->schedule, VIEW("retry"))->destinations), 1);
	assert_non_null(site(world, "b.test"));
	clock_advance(300000);
	schedule_run_wakeups(&world->schedule);
	assert_null(site(world, "a.test"));	/* alive, and with nothing to do */
	/* The entries that went to retry. */
	for (struct entry *entry; (entry = job_select_entry(transport_get(&world->schedule, VIEW("retry")))) != NULL;)
		entry_done(entry);
	assert_int_equal(serve_all(world), 1);
	assert_int_equal(world->finished, 10);
	for (int i = 0; i < 10; i++)
		message_fini(&world->schedule, &messages[i]);
	dsn_fini(&reason);
	world_free(world);
}

static void
test_dead_retry_defers_directly(void **state)
{
	struct world *world = world_new();
	struct message message;
	struct dsn reason;

	dsn_init(&reason);
	dsn_set(&reason, "4.3.0", "mail transport unavailable");
	transport_kill(transport_get(&world->schedule, VIEW("retry")), &reason);
	message_init(&world->schedule, &message);
	send_to(world, &message, "a.test", 3);
	transport_kill(smtp(world), &reason);
	assert_int_equal(world->deferred, 3);
	assert_int_equal(world->finished, 1);
	assert_null(transport_select(&world->schedule));
	clock_advance(60000);
	schedule_run_wakeups(&world->schedule);
	assert_false(smtp(world)->dead);
	message_fini(&world->schedule, &message);
	dsn_fini(&reason);
	world_free(world);
}

static void
test_small_message_overtakes_a_large_one(void **state)
{
	struct world *world = world_new();
	struct message large, small;
	struct entry *entry;
	int before = 0;

	world->limits.destination_recipient_limit = 1;
	world->limits.concurrency_limit = 1;
	message_init(&world->schedule, &large);
	send_to(world, &large, "a.test", 60);
	clock_advance(1000);
	message_init(&world->schedule, &small);
	send_to(world, &small, "a.test", 1);
	for (; (entry = job_select_entry(smtp(world))) != NULL && entry->message == &large; before++)
		entry_done(entry);
	assert_non_null(entry);
	assert_in_range(before, 1, 10);
	entry_done(entry);
	assert_int_equal(serve_all(world), 60 - before);
	message_fini(&world->schedule, &large);
	message_fini(&world->schedule, &small);
	world_free(world);
}

static void
test_slot_cost_zero_is_first_in_first_out(void **state)
{
	struct world *world = world_new();
	struct message large, small;
	struct entry *entry;
	int before = 0;

	world->limits.destination_recipient_limit = 1;
	world->limits.slot_cost = 0;
	message_init(&world->schedule, &large);
	send_to(world, &large, "a.test", 60);
	message_init(&world->schedule, &small);
	send_to(world, &small, "a.test", 1);
	for (; (entry = job_select_entry(smtp(world))) != NULL && entry->message == &large; before++)
		entry_done(entry);
	assert_int_equal(before, 60);
	entry_done(entry);
	message_fini(&world->schedule, &large);
	message_fini(&world->schedule, &small);
	world_free(world);
}

/* A job whose destinations are full does not hold up those behind it. */
static void
test_blocked_job_is_passed(void **state)
{
	struct world *world = world_new();
	struct message first, second;
	struct entry *held, *entry;

	world->limits.concurrency_limit = 1;
	world->limits.destination_recipient_limit = 1;
	message_init(&world->schedule, &first);
	message_init(&world->schedule, &second);
	send_to(world, &first, "a.test", 2);
	send_to(world, &second, "b.test", 1);
	held = job_select_entry(smtp(world));
	assert_ptr_equal(held->message, &first);
	entry = job_select_entry(smtp(world));
	assert_ptr_equal(entry->message, &second);
	assert_null(transport_select(&world->schedule));
	entry_done(entry);
	entry_done(held);
	assert_int_equal(serve_all(world), 1);
	message_fini(&world->schedule, &first);
	message_fini(&world->schedule, &second);
	world_free(world);
}

/* QM2 */
static void
test_rate_delay_with_blocked_jobs(void **state)
{
	struct world *world = world_new();
	struct message messages[3];
	int served = 0;

	world->limits.destination_rate_delay_sec = 1;
	for (int i = 0; i < 3; i++) {
		message_init(&world->schedule, &messages[i]);
		send_to(world, &messages[i], "a.test", 1);
	}
	for (int second = 0; second < 3; second++) {
		served += serve_all(world);
		assert_int_equal(served, second + 1);
		clock_advance(1000);
		schedule_run_wakeups(&world->schedule);
	}
	assert_int_equal(world->finished, 3);
	for (int i = 0; i < 3; i++)
		message_fini(&world->schedule, &messages[i]);
	world_free(world);
}

static void
test_slots_and_refills(void **state)
{
	struct world *world = world_new();
	struct message large, late;

	world->limits.destination_recipient_limit = 1;
	message_init(&world->schedule, &large);
	assert_int_equal(message_room(&world->schedule, &large), 100);
	message_set_unread(&world->schedule, &large, 200);
	send_to(world, &large, "a.test", 100);
	message_assigned(&large);
	assert_int_equal(smtp(world)->slots_free, 0);
	assert_int_equal(message_room(&world->schedule, &large), 10);
	message_init(&world->schedule, &late);
	assert_int_equal(message_room(&world->schedule, &late), 10);
	send_to(world, &late, "b.test", 1);
	message_assigned(&late);
	serve_all(world);
	assert_true(world->refills > 0);
	message_set_unread(&world->schedule, &large, 0);
	message_assigned(&large);
	message_fini(&world->schedule, &large);
	message_fini(&world->schedule, &late);
	assert_int_equal(smtp(world)->slots_free, 100);
	world_free(world);
}

static const struct {
	const char *text;
	bool ok;
	double at_four;
} feedbacks[] = {
	{ "1", true, 1 }, { "0.5", true, 0.5 }, { "1/10", true, 0.1 }, { "1/concurrency", true, 0.25 },
	{ "1 / sqrt_concurrency", true, 0.5 }, { "0", true, 0 }, { "2", false, 1 }, { "", false, 1 }, { "x", false, 1 },
	{ "1/0", false, 1 }, { "1/", false, 1 }, { "-1", false, 1 },
};

static void
test_feedback_texts(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(feedbacks); i++) {
		struct feedback feedback;
		double value;

		assert_int_equal(feedback_parse(feedbacks[i].text, &feedback), feedbacks[i].ok);
		value = feedback_value(&feedback, 4);
		assert_true(value > feedbacks[i].at_four - 1e-9 && value < feedbacks[i].at_four + 1e-9);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recipients_gather_in_entries),
		cmocka_unit_test(test_window_bounds_concurrency),
		cmocka_unit_test(test_failure_kills_the_destination_only),
		cmocka_unit_test(test_dead_retry_defers_directly),
		cmocka_unit_test(test_small_message_overtakes_a_large_one),
		cmocka_unit_test(test_slot_cost_zero_is_first_in_first_out),
		cmocka_unit_test(test_blocked_job_is_passed),
		cmocka_unit_test(test_rate_delay_with_blocked_jobs),
		cmocka_unit_test(test_slots_and_refills),
		cmocka_unit_test(test_feedback_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

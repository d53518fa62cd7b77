#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/maillog/maillog.h"
#include "util/log/log.h"
#include "util/text/buf.h"

static struct buf last;

static void
keep(enum log_level level, struct view text, void *arg)
{
	buf_set(&last, text);
}

static const struct {
	double seconds;
	int digits;
	const char *text;
} delays[] = {
	{ 0, 2, "0" }, { 0.004, 2, "0" }, { 0.03, 2, "0.03" }, { 0.1, 2, "0.1" }, { 0.127, 2, "0.13" },
	{ 1.24, 2, "1.2" }, { 1, 2, "1" }, { 9.97, 2, "10" }, { 83.4, 2, "83" }, { 100, 2, "100" }, { 12345.6, 2, "12346" },
	{ -1, 2, "0" }, { 0.5, 0, "0" }, { 0.0346, 3, "0.035" }, { 0.00012, 6, "0.00012" },
};

static void
test_delays(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(delays); i++) {
		struct buf out = BUF_INIT;

		maillog_delay(&out, delays[i].seconds, delays[i].digits);
		assert_string_equal(buf_c(&out), delays[i].text);
		buf_fini(&out);
	}
}

static void
test_delivery_line(void **state)
{
	struct maillog_delivery line = {
		.queue_id = VIEW("B7EAEA7605C"), .recipient = VIEW("user@example.com"), .original = VIEW("User@Example.com"),
		.relay = "mx.example.com[192.0.2.1]:25", .connection_use = 1,
		.arrival = { 1000, 0 }, .queued = { 1000, 100000 }, .agent_handoff = { 1000, 110000 },
		.connected = { 1001, 110000 }, .done = { 1003, 610000 },
		.dsn = "2.0.0", .status = "sent", .text = VIEW("250 2.0.0 Ok"),
	};

	maillog_delivery(&line);
	assert_string_equal(buf_c(&last), "B7EAEA7605C: to=<user@example.com>, relay=mx.example.com[192.0.2.1]:25, "
	    "delay=3.6, delays=0.1/0.01/1/2.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)");
	line.original = VIEW("alias@example.com");
	line.relay = NULL;
	line.connection_use = 2;
	line.tls = "may:none";
	line.agent_handoff = line.connected = line.queued = (struct timeval){ 0, 0 };
	maillog_delivery(&line);
	assert_string_equal(buf_c(&last), "B7EAEA7605C: to=<user@example.com>, orig_to=<alias@example.com>, relay=none, "
	    "conn_use=2, delay=3.6, delays=3.6/0/0/0, tls=may:none, dsn=2.0.0, status=sent (250 2.0.0 Ok)");
}

static void
test_addresses_are_quoted(void **state)
{
	maillog_queue_active(VIEW("A1"), VIEW("a b@example.com"), 321, 2);
	assert_string_equal(buf_c(&last), "A1: from=<\"a b\"@example.com>, size=321, nrcpt=2 (queue active)");
	maillog_expired(VIEW("A1"), VIEW_EMPTY, true);
	assert_string_equal(buf_c(&last), "A1: from=<>, status=force-expired, returned to sender");
	maillog_message_id(VIEW("A1"), VIEW_EMPTY, false);
	assert_string_equal(buf_c(&last), "A1: message-id=<>");
}

static void
test_client_line(void **state)
{
	struct maillog_client line = { .queue_id = VIEW("B7EAEA7605C"), .namaddr = VIEW("mx.example.com[192.0.2.1]") };

	maillog_client(&line);
	assert_string_equal(buf_c(&last), "B7EAEA7605C: client=mx.example.com[192.0.2.1]");
	line.login = (struct maillog_login){ VIEW("PLAIN"), VIEW("u"), VIEW_EMPTY };
	line.original_id = VIEW("ABC");
	line.original_namaddr = VIEW("o.example[192.0.2.2]");
	maillog_client(&line);
	assert_string_equal(buf_c(&last), "B7EAEA7605C: client=mx.example.com[192.0.2.1], sasl_method=PLAIN, sasl_username=u, "
	    "orig_queue_id=ABC, orig_client=o.example[192.0.2.2]");
}

static void
test_smtp_event_line(void **state)
{
	struct maillog_smtp_event line = {
		.action = "reject", .stage = "RCPT", .namaddr = VIEW("unknown[192.0.2.7]"), .text = VIEW("454 4.7.1 no"),
		.has_sender = true, .has_recipient = true, .recipient = VIEW("a b@example.com"), .protocol = "ESMTP",
		.has_helo = true, .helo = VIEW("x\ny"),
	};

	maillog_smtp_event(&line);	/* LG1: one line, whatever the client says */
	assert_string_equal(buf_c(&last), "NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 454 4.7.1 no; from=<> "
	    "to=<\"a b\"@example.com> proto=ESMTP helo=<x?y>");
	line = (struct maillog_smtp_event){ .queue_id = VIEW("B7E"), .action = "hold", .stage = "DATA",
	    .namaddr = VIEW("unknown[192.0.2.7]"), .text = VIEW("t"), .protocol = "SMTP",
	    .login = { VIEW_EMPTY, VIEW("u"), VIEW_EMPTY } };
	maillog_smtp_event(&line);
	assert_string_equal(buf_c(&last), "B7E: hold: DATA from unknown[192.0.2.7]: t; proto=SMTP sasl_username=u");
}

/* LG12: name first, address in brackets, whoever prints them */
static void
test_peer(void **state)
{
	struct buf out = BUF_INIT;

	maillog_peer(&out, VIEW("client.example.com"), VIEW("192.0.2.7"));
	buf_putc(&out, ' ');
	maillog_peer(&out, VIEW_EMPTY, VIEW("2001:db8::1"));
	assert_string_equal(buf_c(&out), "client.example.com[192.0.2.7] unknown[2001:db8::1]");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delays),
		cmocka_unit_test(test_delivery_line),
		cmocka_unit_test(test_client_line),
		cmocka_unit_test(test_smtp_event_line),
		cmocka_unit_test(test_addresses_are_quoted),
		cmocka_unit_test(test_peer),
	};
	int failed;

	log_add_sink(keep, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	buf_fini(&last);
	return failed;
}

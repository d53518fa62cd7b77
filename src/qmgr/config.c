#include "qmgr/config.h"

#include "util/log/log.h"

const struct binding qmgr_bindings[] = {
	BIND_STRING(struct qmgr_config, layout.hashed_names, "hash_queue_names"),
	BIND_INT(struct qmgr_config, layout.hash_depth, "hash_queue_depth"),
	BIND_BOOL(struct qmgr_config, layout.long_ids, "enable_long_queue_ids"),
	BIND_STRING(struct qmgr_config, pid_directory, "process_id_directory"),
	BIND_STRING(struct qmgr_config, error_service, "error_service_name"),
	BIND_INT(struct qmgr_config, dont_remove, "dont_remove"),
	BIND_STRING(struct qmgr_config, bounce_service, "bounce_service_name"),
	BIND_STRING(struct qmgr_config, defer_service, "defer_service_name"),
	BIND_STRING(struct qmgr_config, trace_service, "trace_service_name"),
	BIND_STRING(struct qmgr_config, rewrite_service, "rewrite_service_name"),
	BIND_STRING(struct qmgr_config, defer_transports, "defer_transports"),
	BIND_STRING(struct qmgr_config, default_filter_nexthop, "default_filter_nexthop"),
	BIND_STRING(struct qmgr_config, myhostname, "myhostname"),
	BIND_STRING(struct qmgr_config, double_bounce_sender, "double_bounce_sender"),
	BIND_STRING(struct qmgr_config, recipient_delimiter, "recipient_delimiter"),
	BIND_INT(struct qmgr_config, active_limit, "qmgr_message_active_limit"),
	BIND_INT(struct qmgr_config, recipient_limit, "qmgr_message_recipient_limit"),
	BIND_INT(struct qmgr_config, recipient_minimum, "qmgr_message_recipient_minimum"),
	BIND_TIME(struct qmgr_config, minimal_backoff_sec, "minimal_backoff_time"),
	BIND_TIME(struct qmgr_config, maximal_backoff_sec, "maximal_backoff_time"),
	BIND_TIME(struct qmgr_config, queue_run_delay_sec, "queue_run_delay"),
	BIND_TIME(struct qmgr_config, transport_retry_sec, "transport_retry_time"),
	BIND_TIME(struct qmgr_config, clog_warn_sec, "qmgr_clog_warn_time"),
	BIND_TIME(struct qmgr_config, maximal_lifetime_sec, "maximal_queue_lifetime"),
	BIND_TIME(struct qmgr_config, bounce_lifetime_sec, "bounce_queue_lifetime"),
	BIND_TIME(struct qmgr_config, daemon_timeout_sec, "qmgr_daemon_timeout"),
	BIND_TIME(struct qmgr_config, ipc_timeout_sec, "qmgr_ipc_timeout"),
	BIND_TIME(struct qmgr_config, ipc_idle_sec, "ipc_idle"),
	BIND_TIME(struct qmgr_config, ipc_ttl_sec, "ipc_ttl"),
	BIND_INT(struct qmgr_config, probe_limit, "address_verify_pending_request_limit"),
	BIND_INT(struct qmgr_config, process_limit, "default_process_limit"),
	BIND_INT(struct qmgr_config, delay_resolution, "delay_logging_resolution_limit"),
	BIND_BOOL(struct qmgr_config, disable_verp_bounces, "disable_verp_bounces"),
	BIND_BOOL(struct qmgr_config, confirm_delay_cleared, "confirm_delay_cleared"),
	BIND_BOOL(struct qmgr_config, feedback_debug, "destination_concurrency_feedback_debug"),
	BIND_BOOL(struct qmgr_config, helpful_warnings, "helpful_warnings"),
	BIND_BOOL(struct qmgr_config, owner_request_special, "owner_request_special"),
	BIND_END
};

void
qmgr_config_schedule(const struct qmgr_config *config, struct schedule_limits *out)
{
	*out = (struct schedule_limits){
		.recipient_limit = config->recipient_limit > config->active_limit ? config->recipient_limit : config->active_limit,
		.recipient_minimum = config->recipient_minimum,
		.message_limit = config->active_limit,
		.minimal_backoff_sec = config->minimal_backoff_sec,
		.transport_retry_sec = config->transport_retry_sec,
		.clog_warn_sec = config->clog_warn_sec,
		.feedback_debug = config->feedback_debug,
		.helpful_warnings = config->helpful_warnings,
	};
}

/* The numbers of a transport; times are those with the flag. */
static const struct {
	const char *suffix;
	size_t offset;
	bool is_time;
} numbers[] = {
	{ "_recipient_limit", offsetof(struct transport_limits, recipient_limit), false },
	{ "_extra_recipient_limit", offsetof(struct transport_limits, extra_recipient_limit), false },
	{ "_recipient_refill_limit", offsetof(struct transport_limits, refill_limit), false },
	{ "_recipient_refill_delay", offsetof(struct transport_limits, refill_delay_sec), true },
	{ "_delivery_slot_cost", offsetof(struct transport_limits, slot_cost), false },
	{ "_delivery_slot_loan", offsetof(struct transport_limits, slot_loan), false },
	{ "_delivery_slot_discount", offsetof(struct transport_limits, slot_discount), false },
	{ "_minimum_delivery_slots", offsetof(struct transport_limits, minimum_slots), false },
	{ "_destination_recipient_limit", offsetof(struct transport_limits, destination_recipient_limit), false },
	{ "_destination_concurrency_limit", offsetof(struct transport_limits, concurrency_limit), false },
	{ "_initial_destination_concurrency", offsetof(struct transport_limits, initial_concurrency), false },
	{ "_destination_concurrency_failed_cohort_limit", offsetof(struct transport_limits, failed_cohort_limit), false },
	{ "_transport_rate_delay", offsetof(struct transport_limits, transport_rate_delay_sec), true },
	{ "_destination_rate_delay", offsetof(struct transport_limits, destination_rate_delay_sec), true },
};

static const struct {
	const char *suffix;
	size_t offset;
} feedbacks[] = {
	{ "_destination_concurrency_positive_feedback", offsetof(struct transport_limits, positive) },
	{ "_destination_concurrency_negative_feedback", offsetof(struct transport_limits, negative) },
};

static void
read_feedback(struct config *settings, const char *transport, const char *suffix, struct feedback *out)
{
	struct buf why = BUF_INIT;
	const char *text = config_transport_string(settings, transport, suffix, &why);

	if (text == NULL)
		log_fatal("%s", buf_c(&why));
	if (!feedback_parse(text, out))
		log_warn("%s%s: bad feedback \"%s\": using 1", transport, suffix, text);
	buf_fini(&why);
}

void
qmgr_config_transport(struct config *settings, const char *transport, struct transport_limits *out)
{
	struct buf why = BUF_INIT;

	*out = (struct transport_limits){ 0 };
	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
		int *number = (int *)(void *)((char *)out + numbers[i].offset);

		if (!(numbers[i].is_time ? config_transport_time : config_transport_int)(settings, transport,
		    numbers[i].suffix, number, &why))
			log_fatal("%s", buf_c(&why));
	}
	for (size_t i = 0; i < ARRAY_COUNT(feedbacks); i++)
		read_feedback(settings, transport, feedbacks[i].suffix, (struct feedback *)(void *)((char *)out + feedbacks[i].offset));
	buf_fini(&why);
}

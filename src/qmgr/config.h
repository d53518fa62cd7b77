/* config: what the queue manager reads from main.cf. */
#ifndef QMGR_CONFIG_H
#define QMGR_CONFIG_H

#include "global/config/config.h"
#include "global/queue/queue_id.h"
#include "qmgr/schedule/schedule.h"

struct qmgr_config {
	struct queue_layout layout;
	const char *pid_directory, *error_service, *bounce_service, *defer_service, *trace_service, *rewrite_service;
	const char *defer_transports, *default_filter_nexthop, *myhostname, *double_bounce_sender, *recipient_delimiter;
	int active_limit, recipient_limit, recipient_minimum;
	int minimal_backoff_sec, maximal_backoff_sec, queue_run_delay_sec, transport_retry_sec, clog_warn_sec;
	int maximal_lifetime_sec, bounce_lifetime_sec;
	int daemon_timeout_sec, ipc_timeout_sec, ipc_idle_sec, ipc_ttl_sec;
	int probe_limit, process_limit, delay_resolution, dont_remove;
	bool disable_verp_bounces, confirm_delay_cleared, feedback_debug, helpful_warnings, owner_request_special;
};

extern const struct binding qmgr_bindings[];

void	qmgr_config_schedule(const struct qmgr_config *config, struct schedule_limits *out);
/* What main.cf says of one transport; bad values are warned about, and replaced by the default. */
void	qmgr_config_transport(struct config *settings, const char *transport, struct transport_limits *out);

#endif

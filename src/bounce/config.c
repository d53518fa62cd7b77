#include "bounce/config.h"

const struct binding bounce_bindings[] = {
	BIND_STRING(struct bounce_config, layout.hashed_names, "hash_queue_names"),
	BIND_INT(struct bounce_config, layout.hash_depth, "hash_queue_depth"),
	BIND_BOOL(struct bounce_config, layout.long_ids, "enable_long_queue_ids"),
	BIND_STRING(struct bounce_config, myhostname, "myhostname"),
	BIND_STRING(struct bounce_config, mail_name, "mail_name"),
	BIND_STRING(struct bounce_config, notify_classes, "notify_classes"),
	BIND_STRING(struct bounce_config, bounce_recipient, "bounce_notice_recipient"),
	BIND_STRING(struct bounce_config, double_bounce_recipient, "2bounce_notice_recipient"),
	BIND_STRING(struct bounce_config, delay_recipient, "delay_notice_recipient"),
	BIND_STRING(struct bounce_config, double_bounce_sender, "double_bounce_sender"),
	BIND_STRING(struct bounce_config, template_file, "bounce_template_file"),
	BIND_STRING(struct bounce_config, from_format, "header_from_format"),
	BIND_STRING(struct bounce_config, filter_classes, "internal_mail_filter_classes"),
	BIND_STRING(struct bounce_config, utf8_classes, "smtputf8_autodetect_classes"),
	BIND_STRING(struct bounce_config, cleanup_service, "cleanup_service_name"),
	BIND_STRING(struct bounce_config, defer_service, "defer_service_name"),
	BIND_STRING(struct bounce_config, trace_service, "trace_service_name"),
	BIND_INT(struct bounce_config, size_limit, "bounce_size_limit"),
	BIND_TIME(struct bounce_config, queue_lifetime_sec, "maximal_queue_lifetime"),
	BIND_TIME(struct bounce_config, ipc_timeout_sec, "ipc_timeout"),
	BIND_BOOL(struct bounce_config, compatible_log, "backwards_bounce_logfile_compatibility"),
	BIND_BOOL(struct bounce_config, utf8, "smtputf8_enable"),
	BIND_BOOL(struct bounce_config, threaded, "enable_threaded_bounces"),
	BIND_END
};

/* config: what the bounce program reads from main.cf. */
#ifndef BOUNCE_CONFIG_H
#define BOUNCE_CONFIG_H

#include "global/config/config.h"
#include "global/queue/queue_id.h"

struct bounce_config {
	struct queue_layout layout;
	const char *myhostname, *mail_name, *notify_classes;
	const char *bounce_recipient, *double_bounce_recipient, *delay_recipient, *double_bounce_sender;
	const char *template_file, *from_format, *filter_classes, *utf8_classes;
	const char *cleanup_service, *defer_service, *trace_service;
	int size_limit, queue_lifetime_sec, ipc_timeout_sec;
	bool compatible_log, threaded, utf8;
};

extern const struct binding bounce_bindings[];

#endif

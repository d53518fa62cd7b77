/* config: the settings of local delivery. */
#ifndef LOCAL_CONFIG_H
#define LOCAL_CONFIG_H

#include "global/config/config.h"

struct local_config {
	const char *recipient_delimiter, *alias_maps, *home_mailbox, *mail_spool_directory;
	const char *mailbox_lock, *cleanup_service, *rewrite_service;
	long long mailbox_size_limit;
	int lock_attempts, lock_delay_sec, stale_lock_sec, ipc_timeout_sec;
	bool owner_request_special, expand_owner_alias, strict_ownership, frozen_delivered_to;
};

extern const struct binding local_bindings[];

#endif

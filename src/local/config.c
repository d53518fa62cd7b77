#include "local/config.h"

const struct binding local_bindings[] = {
	BIND_STRING(struct local_config, recipient_delimiter, "recipient_delimiter"),
	BIND_STRING(struct local_config, alias_maps, "alias_maps"),
	BIND_STRING(struct local_config, home_mailbox, "home_mailbox"),
	BIND_STRING(struct local_config, mail_spool_directory, "mail_spool_directory"),
	BIND_STRING(struct local_config, mailbox_lock, "mailbox_delivery_lock"),
	BIND_STRING(struct local_config, cleanup_service, "cleanup_service_name"),
	BIND_STRING(struct local_config, rewrite_service, "rewrite_service_name"),
	BIND_LONG(struct local_config, mailbox_size_limit, "mailbox_size_limit"),
	BIND_INT(struct local_config, lock_attempts, "deliver_lock_attempts"),
	BIND_TIME(struct local_config, lock_delay_sec, "deliver_lock_delay"),
	BIND_TIME(struct local_config, stale_lock_sec, "stale_lock_time"),
	BIND_TIME(struct local_config, ipc_timeout_sec, "ipc_timeout"),
	BIND_BOOL(struct local_config, owner_request_special, "owner_request_special"),
	BIND_BOOL(struct local_config, expand_owner_alias, "expand_owner_alias"),
	BIND_BOOL(struct local_config, strict_ownership, "strict_mailbox_ownership"),
	BIND_BOOL(struct local_config, frozen_delivered_to, "frozen_delivered_to"),
	BIND_END
};

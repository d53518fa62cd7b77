/* config: the settings of local delivery. */
#ifndef LOCAL_CONFIG_H
#define LOCAL_CONFIG_H

#include "global/config/config.h"

struct local_config {
	const char *recipient_delimiter, *alias_maps, *home_mailbox, *mail_spool_directory, *mailbox_lock;
	const char *mailbox_command, *mailbox_command_maps, *mailbox_transport, *mailbox_transport_maps;
	const char *fallback_transport, *fallback_transport_maps, *luser_relay;
	const char *forward_path, *forward_filter, *command_filter, *command_directory, *directory_filter, *command_shell;
	const char *default_privs, *setgid_group, *export_environment;
	const char *allow_commands, *allow_files, *prepend_delivered, *propagate;
	const char *cleanup_service, *rewrite_service, *myhostname, *mail_name, *utf8_classes;
	long long mailbox_size_limit, message_size_limit;
	int lock_attempts, lock_delay_sec, stale_lock_sec, ipc_timeout_sec, command_time_limit_sec, duplicate_limit;
	bool owner_request_special, expand_owner_alias, reset_owner_alias, strict_ownership, frozen_delivered_to;
	bool require_home, biff, utf8, sun_mailtool;
};

extern const struct binding local_bindings[];

/* Words of a list as bits: allow_mail_to_commands and its kind. */
enum {
	LOCAL_ALIAS	= 1 << 0,
	LOCAL_FORWARD	= 1 << 1,
	LOCAL_INCLUDE	= 1 << 2,
	LOCAL_COMMAND	= 1 << 3,
	LOCAL_FILE	= 1 << 4,
};
unsigned	local_words(const char *parameter, const char *list);	/* fatal for a word that means nothing here */

#endif

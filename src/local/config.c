#include "local/config.h"

#include "util/log/log.h"

const struct binding local_bindings[] = {
	BIND_STRING(struct local_config, recipient_delimiter, "recipient_delimiter"),
	BIND_STRING(struct local_config, alias_maps, "alias_maps"),
	BIND_STRING(struct local_config, home_mailbox, "home_mailbox"),
	BIND_STRING(struct local_config, mail_spool_directory, "mail_spool_directory"),
	BIND_STRING(struct local_config, mailbox_lock, "mailbox_delivery_lock"),
	BIND_BOOL(struct local_config, sun_mailtool, "sun_mailtool_compatibility"),
	BIND_RAW(struct local_config, mailbox_command, "mailbox_command"),
	BIND_STRING(struct local_config, mailbox_command_maps, "mailbox_command_maps"),
	BIND_STRING(struct local_config, mailbox_transport, "mailbox_transport"),
	BIND_STRING(struct local_config, mailbox_transport_maps, "mailbox_transport_maps"),
	BIND_STRING(struct local_config, fallback_transport, "fallback_transport"),
	BIND_STRING(struct local_config, fallback_transport_maps, "fallback_transport_maps"),
	BIND_RAW(struct local_config, luser_relay, "luser_relay"),
	BIND_RAW(struct local_config, forward_path, "forward_path"),
	BIND_STRING(struct local_config, forward_filter, "forward_expansion_filter"),
	BIND_STRING(struct local_config, command_filter, "command_expansion_filter"),
	BIND_RAW(struct local_config, command_directory, "command_execution_directory"),
	BIND_STRING(struct local_config, directory_filter, "execution_directory_expansion_filter"),
	BIND_STRING(struct local_config, command_shell, "local_command_shell"),
	BIND_STRING(struct local_config, default_privs, "default_privs"),
	BIND_STRING(struct local_config, setgid_group, "setgid_group"),
	BIND_STRING(struct local_config, export_environment, "export_environment"),
	BIND_STRING(struct local_config, allow_commands, "allow_mail_to_commands"),
	BIND_STRING(struct local_config, allow_files, "allow_mail_to_files"),
	BIND_STRING(struct local_config, prepend_delivered, "prepend_delivered_header"),
	BIND_STRING(struct local_config, propagate, "propagate_unmatched_extensions"),
	BIND_STRING(struct local_config, cleanup_service, "cleanup_service_name"),
	BIND_STRING(struct local_config, rewrite_service, "rewrite_service_name"),
	BIND_STRING(struct local_config, myhostname, "myhostname"),
	BIND_STRING(struct local_config, mail_name, "mail_name"),
	BIND_STRING(struct local_config, utf8_classes, "smtputf8_autodetect_classes"),
	BIND_LONG(struct local_config, mailbox_size_limit, "mailbox_size_limit"),
	BIND_LONG(struct local_config, message_size_limit, "message_size_limit"),
	BIND_INT(struct local_config, lock_attempts, "deliver_lock_attempts"),
	BIND_INT(struct local_config, duplicate_limit, "duplicate_filter_limit"),
	BIND_TIME(struct local_config, lock_delay_sec, "deliver_lock_delay"),
	BIND_TIME(struct local_config, stale_lock_sec, "stale_lock_time"),
	BIND_TIME(struct local_config, ipc_timeout_sec, "ipc_timeout"),
	BIND_TIME(struct local_config, command_time_limit_sec, "command_time_limit"),
	BIND_BOOL(struct local_config, owner_request_special, "owner_request_special"),
	BIND_BOOL(struct local_config, expand_owner_alias, "expand_owner_alias"),
	BIND_BOOL(struct local_config, reset_owner_alias, "reset_owner_alias"),
	BIND_BOOL(struct local_config, strict_ownership, "strict_mailbox_ownership"),
	BIND_BOOL(struct local_config, frozen_delivered_to, "frozen_delivered_to"),
	BIND_BOOL(struct local_config, require_home, "require_home_directory"),
	BIND_BOOL(struct local_config, biff, "biff"),
	BIND_BOOL(struct local_config, utf8, "smtputf8_enable"),
	BIND_END
};

static const struct {
	const char *name;
	unsigned bit;		/* 0: known, but means nothing to us */
} words[] = {
	{ "alias", LOCAL_ALIAS },
	{ "forward", LOCAL_FORWARD },
	{ "include", LOCAL_INCLUDE },
	{ "command", LOCAL_COMMAND },
	{ "file", LOCAL_FILE },
	{ "canonical", 0 },
	{ "virtual", 0 },
	{ "generic", 0 },
};

static unsigned
word_bit(const char *parameter, struct view word)
{
	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (view_is_nocase(word, words[i].name))
			return words[i].bit;
	log_fatal("%s: unknown word: %.*s", parameter, VIEW_ARG(word));
}

unsigned
local_words(const char *parameter, const char *list)
{
	struct view rest = view_string(list), word;
	unsigned bits = 0;

	while (view_word(&rest, ", \t\r\n", &word))
		bits |= word_bit(parameter, word);
	return bits;
}

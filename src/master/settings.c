#include "master/settings.h"

const struct binding master_bindings[] = {
	BIND_STRING(struct master_settings, queue_directory, "queue_directory"),
	BIND_STRING(struct master_settings, data_directory, "data_directory"),
	BIND_STRING(struct master_settings, daemon_directory, "daemon_directory"),
	BIND_STRING(struct master_settings, process_id_directory, "process_id_directory"),
	BIND_STRING(struct master_settings, mail_owner, "mail_owner"),
	BIND_STRING(struct master_settings, mail_version, "mail_version"),
	BIND_STRING(struct master_settings, inet_interfaces, "inet_interfaces"),
	BIND_STRING(struct master_settings, inet_protocols, "inet_protocols"),
	BIND_STRING(struct master_settings, known_tcp_ports, "known_tcp_ports"),
	BIND_STRING(struct master_settings, service_disable, "master_service_disable"),
	BIND_STRING(struct master_settings, import_environment, "import_environment"),
	BIND_STRING(struct master_settings, maillog_file, "maillog_file"),
	BIND_STRING(struct master_settings, postlog_service, "postlog_service_name"),
	BIND_STRING(struct master_settings, sandbox, "sandbox"),
	BIND_INT(struct master_settings, tcp_window, "tcp_windowsize"),
	BIND_INT(struct master_settings, process_limit, "default_process_limit"),
	BIND_TIME(struct master_settings, throttle_sec, "service_throttle_time"),
	BIND_END
};

/*
 * settings: what master takes from main.cf.
 */
#ifndef MASTER_SETTINGS_H
#define MASTER_SETTINGS_H

#include "global/config/config.h"

struct master_settings {
	const char *queue_directory, *data_directory, *daemon_directory;
	const char *process_id_directory;
	const char *mail_owner, *mail_version;
	const char *inet_interfaces, *inet_protocols, *known_tcp_ports;
	const char *service_disable;
	const char *import_environment;
	const char *maillog_file, *postlog_service;
	const char *sandbox;
	int process_limit, tcp_window;
	int throttle_sec;
};

extern const struct binding master_bindings[];

#endif

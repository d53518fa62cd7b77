/*
 * qmqpd: what its files share.
 */
#ifndef QMQPD_QMQPD_H
#define QMQPD_QMQPD_H

#include "global/client/cleanup.h"
#include "global/maillog/debug_peers.h"

struct qmqpd_config {
	const char *authorized_clients, *parent_domains, *cleanup_service, *hostname, *mail_name;
	const char *content_filter, *overrides, *utf8_classes, *verp_filter;
	int timeout_sec, error_delay_sec, ipc_timeout_sec, line_length_max;
	long long size_limit;
	bool show_port, utf8, soft_bounce;
};

struct qmqpd {
	const struct qmqpd_config *config;
	struct cleanup_client *cleanup;
	struct match_list *clients;
	struct debug_peers *debug_peers;
	unsigned cleanup_flags;
};

/* session.c: one connection, one request. Owns fd. */
void	qmqpd_session(const struct qmqpd *server, int fd);

#endif

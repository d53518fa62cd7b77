/*
 * sink: what servers of load tools share: many clients side by side, and when to stop.
 */
#ifndef LOAD_COMMON_SINK_H
#define LOAD_COMMON_SINK_H

#include "load/common/conn.h"
#include "load/common/place.h"
#include "util/base/list.h"

struct sink_settings {
	int family, window;
	int clients_max;		/* further ones wait; 0: no limit */
	int messages_max, sessions_max, seconds_max;	/* then it ends; 0: never */
	int timeout_sec;		/* for a silent client; 0: none */
	bool counter;
	void (*listening)(const void *arg);	/* the sockets are open: give up privileges; may be NULL */
};

struct sink;

struct sink_client {
	struct sink *sink;
	struct conn *conn;
	struct list link;
	struct loop_timer silence, pause;
	void (*then)(struct sink_client *client);
	bool closing;			/* when all output left */
	struct netaddr peer;		/* AF_UNSPEC: not on the network */
	void *state;			/* the protocol's own, zero at first */
};

struct sink_protocol {
	size_t state_size;
	void (*opened)(struct sink_client *client);
	void (*input)(struct sink_client *client);
	void (*closed)(struct sink_client *client);	/* free what the state owns; may be NULL */
};

/* target and backlog: as on the command line. Returns when a limit of the settings is reached. */
void	sink_run(const struct sink_settings *settings, const struct sink_protocol *protocol, const char *target,
	    const char *backlog, const void *arg);
const void *sink_arg(const struct sink *sink);

/* Does nothing for a while, and then goes on. */
void	sink_pause(struct sink_client *client, msec_t ms, void (*then)(struct sink_client *client));
bool	sink_paused(const struct sink_client *client);
void	sink_close(struct sink_client *client, bool flush);
void	sink_message_done(struct sink_client *client);
void	sink_quit_seen(struct sink_client *client);

#endif

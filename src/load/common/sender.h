/*
 * sender: what load generators share: sessions side by side, each of which takes one message after the other, until all
 * are sent. What a message is, the protocol knows.
 */
#ifndef LOAD_COMMON_SENDER_H
#define LOAD_COMMON_SENDER_H

#include "load/common/conn.h"
#include "load/common/place.h"

struct sender_settings {
	int family, window;
	int sessions, messages, recipients, retries;
	int wait_sec, random_wait_sec;
	long long length;		/* of the content; -1: a short text */
	bool counter, number_recipients;
	const char *sender, *recipient, *hostname;
};

struct sender;

struct sender_client {
	struct sender *sender;
	struct conn *conn;		/* NULL: none now */
	struct loop_timer pause;
	int tries;
	size_t address;			/* of those of the target */
	void (*then)(struct sender_client *client);
	void *state;			/* the protocol's own, zero at first */
};

struct sender_protocol {
	const char *default_port;
	size_t state_size;
	/* A fresh connection, and a message to send. */
	void (*connected)(struct sender_client *client);
	void (*input)(struct sender_client *client);
	/* The connection is gone. False: it was not expected to go. May be NULL. */
	bool (*closed)(struct sender_client *client);
};

/* The options that all have: true when it was one. */
bool	sender_option(struct sender_settings *settings, int option, const char *value);
#define SENDER_OPTIONS "46cC:f:l:m:M:r:R:s:t:vw:"
/* A number, or fatal. */
int	sender_number(int option, const char *value, int min);

/* Sends all messages; ends by a fatal error when one cannot be sent. */
void	sender_run(const struct sender_settings *settings, const struct sender_protocol *protocol, const char *target,
	    const void *arg);
const struct sender_settings *sender_settings(const struct sender *sender);
const void *sender_arg(const struct sender *sender);

/* This session's message is over; counts it. */
void	sender_message_done(struct sender_client *client);
/* Takes another one, waits as -w and -R say, and then goes on. False: there are no more. */
bool	sender_next(struct sender_client *client, void (*then)(struct sender_client *client));
/* Closes; the session goes on with a new connection while there are messages. */
void	sender_over(struct sender_client *client);

/* The address of recipient i of this message: with a number in front when there are several, or each is to be another. */
void	sender_recipient(struct sender_client *client, int i, struct buf *out);
/* Header and body, lines ending in LF. */
void	sender_message(struct sender_client *client, const char *subject, struct buf *out);
void	sender_body(struct sender_client *client, struct buf *out);

#endif

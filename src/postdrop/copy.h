/*
 * copy: the records of a submission, from a stranger to a queue file. Only what the tables in copy.c name gets through;
 * everything else ends the program by a fatal error, and the file is removed.
 */
#ifndef POSTDROP_COPY_H
#define POSTDROP_COPY_H

#include "global/queue/queue_writer.h"

struct copy_policy {
	size_t data_max;					/* bytes in a record */
	void (*check_sender)(void *arg, struct view sender);	/* fatal when not allowed */
	void *arg;
};

/* Reads up to the end record. A queue file that cannot be written is found at its commit. */
void	copy_message(int fd, struct queue_writer *writer, const struct copy_policy *policy);

#endif

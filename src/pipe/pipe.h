/*
 * pipe: what master.cf says about one pipe service, and how its command line is made for a message.
 */
#ifndef PIPE_PIPE_H
#define PIPE_PIPE_H

#include "global/config/config.h"
#include "global/delivery/command.h"

struct pipe_config {
	const char *export_environment, *recipient_delimiter, *setgid_group;
	int time_limit_sec;
	bool owner_request_special;
};

enum {			/* flags= beside those of the copy (copy.h) */
	PIPE_FINAL	= 1 << 0,	/* X: success is delivery, not relaying */
	PIPE_FOLD_DOMAIN = 1 << 1,	/* h */
	PIPE_FOLD_LOCAL	= 1 << 2,	/* u */
	PIPE_QUOTE	= 1 << 3,	/* q */
};

struct pipe_options {
	unsigned copy, flags;
	const char *user, *directory, *chroot, *null_sender;
	const char *line_end;
	long long size_max;		/* 0: no limit */
	char *const *argv;		/* templates; the first one without "argv=" */
};

/* options.c: false with a reason. Strings live as long as the arguments and the arena. */
bool	pipe_options_parse(char *const *arguments, struct arena *arena, struct pipe_options *out, struct buf *why);

/* argv.c: NULL ended, in the request's arena; NULL with a reason for a faulty template. */
char	**pipe_argv(const struct pipe_options *options, const struct pipe_config *config, const struct delivery_request *request,
	    struct arena *arena, struct buf *why);

#endif

/*
 * master_cf: the services of an instance, as master.cf lists them. Parsed whole or not at all; errors name file and line.
 */
#ifndef GLOBAL_CONFIG_MASTER_CF_H
#define GLOBAL_CONFIG_MASTER_CF_H

#include <stdbool.h>

#include "global/config/config.h"
#include "util/base/arena.h"
#include "util/base/list.h"
#include "util/text/buf.h"

enum master_type { MASTER_INET, MASTER_UNIX, MASTER_UNIX_DGRAM, MASTER_FIFO, MASTER_PASS };

struct master_entry {
	struct list link;		/* in master_cf.entries */
	char *name;			/* as written: "smtp", "127.0.0.1:587", "cleanup" */
	enum master_type type;
	bool private_, unprivileged, chroot;	/* after defaults y y n; see master_cf_set_chroot() */
	int wakeup_sec;			/* 0: never */
	bool wakeup_if_used;		/* the '?' */
	int process_limit;		/* -1: default_process_limit; 0: none */
	char *command;			/* program name */
	char **argv;			/* its arguments as written, braces resolved; NULL ended; argv[0] is the command */
	int argc;
	char *fields[8];		/* the raw columns, for postconf -M and -F: name type private unpriv chroot wakeup maxproc command+args */
	int line;
};

struct master_cf {
	struct list entries;		/* in the order of the file */
	struct arena arena;		/* all they point to */
};

struct master_cf *master_cf_load(const char *path, struct buf *why);	/* a later line for the same service replaces */
struct master_cf *master_cf_load_lines(const char *path, struct buf *why);	/* nothing replaces: as an editor sees them */
struct master_cf *master_cf_parse(struct view text, const char *path, struct buf *why);
void		 master_cf_free(struct master_cf *cf);
/* The default of the chroot column was y before compatibility level 1. Calls each() (may be NULL) for services it sets so. */
void		 master_cf_set_chroot(struct master_cf *cf, struct config *config,
		    void (*each)(const struct master_entry *entry, void *arg), void *arg);
const char	*master_type_name(enum master_type type);
bool		 master_type_find(struct view name, enum master_type *type);
/* Do two names of one type mean the same endpoint? "smtp" and "25" do. */
bool		 master_name_equal(enum master_type type, struct view a, struct view b);

#endif

/*
 * rewrite: pure address rewriting, a function of parameters only (no tables, no service): what `rewrite local` and
 * `rewrite remote` do: strip source routes and quoting, swap bang and percent forms, append @$myorigin and .$mydomain.
 */
#ifndef GLOBAL_REWRITE_REWRITE_H
#define GLOBAL_REWRITE_REWRITE_H

#include "global/config/config.h"

struct rewrite_rules {
	const char *myorigin, *mydomain, *remote_domain, *empty_address_recipient;
	const char *mydestination;
	bool append_at_myorigin, append_dot_mydomain, swap_bangpath, allow_percent_hack, resolve_dequoted;
	bool old_append_dot;			/* by a default of old: the log says so */
};

/* The rows that fill the rules inside a larger struct: REWRITE_BINDINGS(struct cleanup_config, rewrite.) */
#define REWRITE_BINDINGS(type, prefix) \
	BIND_STRING(type, prefix myorigin, "myorigin"), \
	BIND_STRING(type, prefix mydomain, "mydomain"), \
	BIND_STRING(type, prefix remote_domain, "remote_header_rewrite_domain"), \
	BIND_STRING(type, prefix empty_address_recipient, "empty_address_recipient"), \
	BIND_BOOL(type, prefix append_at_myorigin, "append_at_myorigin"), \
	BIND_BOOL(type, prefix append_dot_mydomain, "append_dot_mydomain"), \
	BIND_OLD_DEFAULT(type, prefix old_append_dot, "append_dot_mydomain"), \
	BIND_STRING(type, prefix mydestination, "mydestination"), \
	BIND_BOOL(type, prefix swap_bangpath, "swap_bangpath"), \
	BIND_BOOL(type, prefix allow_percent_hack, "allow_percent_hack"), \
	BIND_BOOL(type, prefix resolve_dequoted, "resolve_dequoted_address")

extern const struct binding rewrite_bindings[];		/* fill a struct rewrite_rules */

enum rewrite_context { REWRITE_LOCAL, REWRITE_REMOTE };	/* REMOTE: appends remote_domain; "" = no rewriting at all */

/* internal form in, internal form out. Answers every byte string. */
void	rewrite_address(const struct rewrite_rules *rules, enum rewrite_context context, struct view in, struct buf *out);

#endif

/*
 * address: mail addresses. Two forms, two types: what stands on the wire (external: quoted where needed) and what we
 * compute with (internal: unquoted local part, '@', domain), as queue files store it. Bytes, not text; local parts are
 * never folded here.
 */
#ifndef GLOBAL_ADDRESS_ADDRESS_H
#define GLOBAL_ADDRESS_ADDRESS_H

#include <stdbool.h>

#include "util/base/arena.h"
#include "util/text/buf.h"
#include "util/text/cursor.h"

/*
 * An SMTP path as parsed (RFC 5321, 4.1.2), views into the arena. The null path "<>" is a good address with both parts
 * empty; a domain may be missing (local part only), which the caller completes, and so may, unless strict, the local part.
 * A source route is dropped. What is parsed splits at the same '@' as its internal form.
 */
struct address {
	struct view local;		/* unquoted */
	struct view domain;		/* as written, literals with brackets */
	bool needs_smtputf8;
};

/*
 * Reads one path, angle brackets included; the cursor then stands behind '>'. strict: no more than that; else what users
 * of strict_rfc821_envelopes = no expect (missing brackets, blanks, display names and comments as in a header). On
 * failure nothing is consumed, *out is untouched, and why holds a phrase.
 */
bool	address_parse_path(struct cursor *in, bool strict, struct arena *arena, struct address *out, struct buf *why);

static inline bool
address_is_null(const struct address *address)
{
	return view_empty(address->local) && view_empty(address->domain);
}

/* internal form "local@domain" ↔ parts; the last '@' divides. */
bool	address_split(struct view internal, struct view *local, struct view *domain);	/* false: no '@' */
void	address_join(struct buf *out, const struct address *address);			/* internal form */
void	address_quote(struct buf *out, struct view internal);				/* internal → external form */
bool	address_unquote(struct buf *out, struct view external);				/* external → internal form */
bool	address_equal(struct view a, struct view b);					/* internal; domain ASCII-folded, local exact */

/* user+ext: the first character of the delimiter set splits; owner-x and x-request names and MAILER-DAEMON stay whole. */
bool	address_split_extension(struct view local, const char *delimiters, bool owner_request_special, struct view *user, struct view *extension);

bool	domain_valid_hostname(struct view name, struct buf *why);	/* letters, digits, hyphens; 255 bytes; not all numeric */
bool	domain_valid_literal(struct view literal);			/* "[1.2.3.4]", "[IPv6:…]"; not "[::1]" */
bool	domain_valid_mail(struct view domain);				/* either; UTF-8 labels too */
bool	domain_equal(struct view a, struct view b);			/* ASCII fold, U-labels against A-labels */
void	domain_set_transitional(bool transitional);		/* enable_idna2003_compatibility; holds for the process */
bool	domain_to_ascii(struct view domain, struct buf *out);		/* A-labels by libidn2; false: not possible */
bool	domain_load_library(struct buf *why);		/* for those who soon see no files; else the first use does it */

#endif

/*
 * mime: the structure of a message (RFC 2045, 2046, 5322), followed line by line while it streams by: the message's
 * header, the headers of its parts and of the messages inside them, bodies. Whoever inspects or changes content does it
 * from the events; what the handlers write out, in order, is the message.
 *
 *	line ... line → mime_line() → header, end_of_header, body, fault → handler
 *
 * Memory is bounded by the policy, never by the message: one logical header, the start of one line, and the boundaries of
 * the parts that are open. There is no recursion. Every byte string is a message, if need be one without structure.
 */
#ifndef GLOBAL_MESSAGE_MIME_H
#define GLOBAL_MESSAGE_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "global/message/header.h"

enum mime_section {
	MIME_PRIMARY,		/* the header of the message itself */
	MIME_PART,		/* … of a part of a multipart */
	MIME_NESTED,		/* … of a message inside */
};

enum mime_fault {
	MIME_FAULT_NESTING,		/* deeper than the policy allows: what is inside is passed on as text */
	MIME_FAULT_8BIT_HEADER,
	MIME_FAULT_8BIT_BODY,		/* in a part that does not say so */
	MIME_FAULT_ENCODING_DOMAIN,	/* a composite type with an encoding (RFC 2045, 6.4) */
	MIME_FAULT_NO_EMPTY_LINE,	/* behind the message's header */
};

enum {
	MIME_STRUCTURE	= 1 << 0,	/* follow parts and nested messages; else all behind the header is one body */
	MIME_TO_7BIT	= 1 << 1,	/* turn parts labelled 8bit or binary into quoted-printable; needs MIME_STRUCTURE */
};

struct mime_handler {
	/* One field, continuation lines joined by LF, cut at header_max, as it is to be written. */
	void (*header)(void *arg, enum mime_section section, const struct header_name *name, struct view text);
	/* A header is over. empty_line: write one; for the message's own header always. May be NULL. */
	void (*end_of_header)(void *arg, enum mime_section section, bool empty_line);
	/* A piece of a line outside of headers: preambles, boundaries, bodies. complete: the line ends here. */
	void (*body)(void *arg, struct view piece, bool complete);
	/* Each kind is reported once in a message, with the header or the line that shows it. May be NULL. */
	void (*fault)(void *arg, enum mime_fault fault, struct view culprit);
};

struct mime_policy {
	size_t header_max;		/* header_size_limit: bytes kept of one field */
	size_t boundary_max;		/* mime_boundary_length_limit: what counts of a boundary */
	size_t nesting_max;		/* mime_nesting_limit: multiparts and messages inside each other */
	unsigned flags;
};

struct mime;

/* Policy, handler and arg are borrowed. */
struct mime	*mime_new(const struct mime_policy *policy, const struct mime_handler *handler, void *arg);
void		 mime_free(struct mime *mime);
/* The next piece of content; complete: its line ends here. Nothing of a line that is not complete gets lost. */
void		 mime_line(struct mime *mime, struct view piece, bool complete);
/* The content is over: a line or header under way is finished. */
void		 mime_end(struct mime *mime);
bool		 mime_in_header(const struct mime *mime);	/* of the message itself */

/* A phrase for logs and replies; the status that goes with all of them is 5.6.0. */
const char	*mime_fault_text(enum mime_fault fault);

#endif

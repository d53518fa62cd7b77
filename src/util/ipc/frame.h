/*
 * frame: what our processes say to each other. A frame is a type and attributes:
 *
 *	length u32le (of what follows, at most FRAME_MAX), type u8, flags u8, then attributes: tag u8, length u24le, bytes
 *
 * Numbers are attributes of 1..8 bytes, the lowest first, as few as the number needs. Structs and pointers never
 * travel raw: a protocol describes each message by a table of fields, from which frame_put() and frame_get() work, so
 * that encoder and decoder cannot drift apart. frame_get() fills the struct from zero, refuses unknown or repeated
 * tags, missing required ones, NUL in strings, and numbers out of range: a complete struct or none. Views point into
 * the frame and live as long.
 */
#ifndef UTIL_IPC_FRAME_H
#define UTIL_IPC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text/buf.h"
#include "util/text/cursor.h"

enum { FRAME_MAX = 65536, FRAME_HEADER = 6, FRAME_ATTR_HEADER = 4, FRAME_FDS_MAX = 16 };

/* Types below 16 belong to the channel (channel.h); a protocol numbers its own from FRAME_TYPE_FIRST. */
enum { FRAME_TYPE_FIRST = 16 };

enum {
	FRAME_MORE = 1,		/* a run: another frame of this run follows */
};

struct frame {
	unsigned type, flags;
	struct view payload;	/* attributes */
};

enum field_kind {
	FIELD_STRING,		/* struct view; no NUL inside */
	FIELD_BYTES,		/* struct view; any byte */
	FIELD_U64,		/* uint64_t */
	FIELD_I64,		/* int64_t */
	FIELD_INT,		/* int */
	FIELD_BOOL,		/* bool */
};

enum { FIELD_REQUIRED = 1 };

struct field {
	unsigned char tag;	/* 1..255; 0 ends the table */
	enum field_kind kind;
	unsigned flags;
	size_t offset;
	const char *name;	/* for the debug printer and for errors */
};

#define FIELD(type, member, tag_, kind_, flags_)	{ tag_, kind_, flags_, offsetof(type, member), #member }
#define FIELD_END					{ 0, FIELD_STRING, 0, 0, NULL }

/* Appends one frame. Empty strings, zero numbers and false are left out unless required. Asserts that it fits. */
void	frame_put(struct buf *out, unsigned type, unsigned flags, const struct field *fields, const void *from);
/* The same for a payload made by hand (content blocks). */
void	frame_put_raw(struct buf *out, unsigned type, unsigned flags, struct view payload);
/* Would it fit? Callers with data of unknown size ask first, and use runs. */
size_t	frame_size(const struct field *fields, const void *from);

bool	frame_get(const struct frame *frame, const struct field *fields, void *to, size_t size, struct buf *why);

/* Takes one whole frame off the cursor: 1 taken, 0 more bytes needed, -1 malformed. */
int	frame_parse(struct cursor *in, struct frame *out);
void	frame_print(struct buf *out, const struct frame *frame, const struct field *fields);	/* debugging */

#endif

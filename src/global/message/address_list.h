/*
 * address_list: the addresses in a structured header (RFC 5322, 3.4): mailboxes, groups, comments, quoted strings,
 * domain literals, routes. It never fails: every byte string has a reading.
 *
 * Only the addresses themselves are singled out, each with the place where it stands; whoever rebuilds a header copies
 * all between them as it was, so that phrases, comments, encoded words and folding stay.
 *
 *	struct address_list list;
 *	struct address_item item;
 *	address_list_init(&list, value, limit, &arena);
 *	while (address_list_next(&list, &item)) …
 */
#ifndef GLOBAL_MESSAGE_ADDRESS_LIST_H
#define GLOBAL_MESSAGE_ADDRESS_LIST_H

#include "util/base/arena.h"
#include "util/text/buf.h"
#include "util/text/cursor.h"

enum { COMMENT_DEPTH_MAX = 100 };	/* deeper parentheses are plain characters of the comment */

struct address_list {
	struct cursor in;
	struct arena *arena;
	size_t tokens_left;	/* header_address_token_limit: addresses behind it are not found */
};

struct address_item {
	struct view span;	/* where the address stands, without angle brackets */
	struct view internal;	/* unquoted, unfolded, in the arena; a route is still in front */
	struct view comments;	/* comments inside the span, which a replacement would lose: put behind it */
	bool angle;		/* in angle brackets: may be empty there */
};

/*
 * The right-hand sides of tables may have their addresses divided by blanks alone. Where nothing else can be meant by a
 * blank (no phrase, quoted string, comment or group), commas take their place; else the value stays.
 */
struct view address_list_divide(struct arena *arena, struct view value);
void	address_list_init(struct address_list *list, struct view value, size_t token_limit, struct arena *arena);
bool	address_list_next(struct address_list *list, struct address_item *item);

/*
 * Rebuilds the value: each address goes through rewrite(), which appends its new internal form to out. Returns whether
 * something changed; then out holds the new value, whose lines end behind a comma when they would become long.
 */
typedef void	address_rewrite(void *arg, struct view internal, struct buf *out);
bool	address_list_rewrite(struct view value, size_t token_limit, address_rewrite *rewrite, void *arg, struct buf *out);

#endif

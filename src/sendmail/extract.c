#include "sendmail/extract.h"

#include <sysexits.h>

#include "global/message/address_list.h"
#include "global/message/header.h"
#include "util/log/log.h"
#include "util/text/chars.h"

struct recipient {
	struct recipient *before;
	struct view address;
};

static void
collect(struct extract *extract, struct view value, struct recipient **to)
{
	struct address_list list;
	struct address_item item;

	address_list_init(&list, address_list_divide(&extract->arena, value), extract->token_max, &extract->arena);
	while (address_list_next(&list, &item)) {
		struct recipient *recipient;

		if (view_empty(item.internal))
			continue;
		recipient = arena_alloc(&extract->arena, sizeof(*recipient));
		*recipient = (struct recipient){ *to, arena_view(&extract->arena, item.internal) };
		*to = recipient;
	}
}

static void
emit_lines(struct extract *extract)
{
	struct view rest = buf_view(&extract->header), line;

	while (view_split(rest, '\n', &line, &rest))
		extract->emit(extract->arg, line);
	extract->emit(extract->arg, rest);
}

/* Those who get answers, and what a server noted, are recipients for rewriting only. */
static bool
says_who_gets_it(const struct header_name *kind)
{
	return (kind->flags & HEADER_IS_RECIPIENT) != 0 && kind->type != HEADER_APPARENTLY_TO &&
	    kind->type != HEADER_RESENT_REPLY_TO;
}

static void
take_header(struct extract *extract)
{
	const struct header_name *kind;
	struct view name, value;

	if (extract->header.len == 0 || !header_split(buf_view(&extract->header), &name, &value))
		return;
	kind = header_find(name);
	if (says_who_gets_it(kind)) {
		bool resent = (kind->flags & HEADER_IS_RESENT) != 0;

		extract->is_resent |= resent;
		collect(extract, arena_view(&extract->arena, value), resent ? &extract->resent : &extract->recipients);
	}
	if (kind->type != HEADER_BCC && kind->type != HEADER_RESENT_BCC)
		emit_lines(extract);
	buf_reset(&extract->header);
}

static void
append(struct extract *extract, struct view piece)
{
	if (extract->header.len + piece.len > extract->size_max) {
		log_set_fatal_status(EX_DATAERR);
		log_fatal("message header is longer than %zu bytes", extract->size_max);
	}
	buf_putv(&extract->header, piece);
}

bool
extract_piece(struct extract *extract, struct view piece, bool whole)
{
	bool continues = extract->in_line;

	if (extract->done)
		return false;
	if (!continues && extract->header.len > 0 && !view_empty(piece) && char_is(piece.data[0], CHAR_BLANK)) {
		buf_putc(&extract->header, '\n');
	} else if (!continues) {
		take_header(extract);
		if (header_name_length(piece) == 0) {
			extract->done = true;
			return false;
		}
	}
	append(extract, piece);
	extract->in_line = !whole;
	return true;
}

void
extract_end(struct extract *extract)
{
	if (!extract->done)
		take_header(extract);
	extract->done = true;
}

/* The list is built backwards; the order of the headers is what people expect to see in the log. */
static struct recipient *
reverse(struct recipient *last)
{
	struct recipient *first = NULL;

	while (last != NULL) {
		struct recipient *before = last->before;

		last->before = first;
		first = last;
		last = before;
	}
	return first;
}

size_t
extract_each(struct extract *extract, void (*each)(void *arg, struct view address), void *arg)
{
	size_t count = 0;

	for (struct recipient *r = reverse(extract->is_resent ? extract->resent : extract->recipients); r != NULL; r = r->before) {
		each(arg, r->address);
		count++;
	}
	extract->recipients = extract->resent = NULL;
	return count;
}

void
extract_fini(struct extract *extract)
{
	arena_fini(&extract->arena);
	buf_fini(&extract->header);
}

#include "table/template.h"
#include "util/text/cursor.h"

/* reference = 1*DIGIT / "{" 1*DIGIT "}" / "(" 1*DIGIT ")" */
static bool
reference(struct cursor *in, uint64_t *group)
{
	struct cursor at = *in;
	char closing = 0;

	if (cursor_byte(&at, '{'))
		closing = '}';
	else if (cursor_byte(&at, '('))
		closing = ')';
	if (!cursor_u64(&at, group) || (closing != 0 && !cursor_byte(&at, closing)))
		return false;
	*in = at;
	return true;
}

static void
add(struct template *t, struct view text, size_t group)
{
	t->parts[t->count++] = (struct template_part){ text, group };
	t->group_max = group > t->group_max ? group : t->group_max;
}

static bool
dollar(struct cursor *in, struct template *t, struct buf *why)
{
	struct view rest = cursor_rest(in);
	uint64_t group;

	if (cursor_byte(in, '$')) {
		add(t, VIEW("$"), 0);
	} else if (!reference(in, &group)) {
		why_set(why, "non-numeric replacement index after '$' in \"$%.*s\"", VIEW_ARG(rest));
		return false;
	} else if (group == 0 || group > SIZE_MAX / 2) {
		why_set(why, "out of range replacement index in \"$%.*s\"", VIEW_ARG(rest));
		return false;
	} else {
		add(t, VIEW_EMPTY, (size_t)group);
	}
	return true;
}

bool
template_parse(struct view text, struct arena *arena, struct template *out, struct buf *why)
{
	struct cursor in = cursor_of(text);
	struct view literal;
	size_t most = 1;

	for (size_t i = 0; i < text.len; i++)
		most += text.data[i] == '$' ? 2 : 0;
	*out = (struct template){ .parts = arena_alloc_array(arena, most, sizeof(*out->parts)) };
	while (cursor_until(&in, '$', &literal)) {
		if (literal.len > 0)
			add(out, literal, 0);
		if (!dollar(&in, out, why))
			return false;
	}
	if (!cursor_done(&in))
		add(out, cursor_rest(&in), 0);
	return true;
}

void
template_put(struct buf *out, const struct template *template, const struct view *groups)
{
	for (size_t i = 0; i < template->count; i++) {
		const struct template_part *part = &template->parts[i];

		buf_putv(out, part->group == 0 ? part->text : groups[part->group]);
	}
}

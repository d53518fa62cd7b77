/*
 * pipe: the attributes and arguments of a service, one a line; and, behind an empty line, the addresses of a message, one a
 * line: sender, then recipients. The templates are the administrator's, the addresses a stranger's.
 */
#include <stdint.h>

#include "pipe/pipe.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 64 };

static size_t
next_lines(struct arena *arena, struct view *rest, char **lines)
{
	struct view line;
	size_t count = 0;

	while (count < LINES_MAX && view_split(*rest, '\n', &line, rest) && !view_empty(line))
		if (view_find(line, '\0') < 0)
			lines[count++] = arena_string(arena, line);
	lines[count] = NULL;
	return count;
}

static void
make_command(const struct pipe_options *options, struct arena *arena, char *const *addresses, size_t count)
{
	const struct pipe_config config = { .recipient_delimiter = "+-" };
	struct queue_recipient recipients[LINES_MAX];
	struct delivery_request request = { .sender = view_string(addresses[0]), .nexthop = VIEW("Next.Hop"),
		.queue_id = VIEW("ID"), .recipients = recipients, .recipient_count = count - 1, .data_size = 12 };
	struct buf why = BUF_INIT;

	for (size_t i = 1; i < count; i++)
		recipients[i - 1] = (struct queue_recipient){ .address = view_string(addresses[i]) };
	pipe_argv(options, &config, &request, arena, &why);
	buf_fini(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = view_bytes(data, size);
	struct arena arena = ARENA_INIT;
	struct pipe_options options;
	struct buf why = BUF_INIT;
	char *lines[LINES_MAX + 1], *addresses[LINES_MAX + 1];
	size_t count;

	next_lines(&arena, &rest, lines);
	count = next_lines(&arena, &rest, addresses);
	if (pipe_options_parse(lines, &arena, &options, &why) && count > 1)
		make_command(&options, &arena, addresses, count);
	buf_fini(&why);
	arena_fini(&arena);
	return 0;
}

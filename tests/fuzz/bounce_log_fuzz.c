/* Entries of a bounce, defer or trace log. */
#include <stdint.h>

#include "global/queue/bounce_log.h"
#include "util/log/log.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct bounce_log_entry entry;
	struct buf text = BUF_INIT;

	log_to_stderr(false);
	bounce_log_parse(view_bytes(data, size), "defer", &arena, &entry);
	bounce_log_format(&text, &entry, true);
	buf_fini(&text);
	arena_fini(&arena);
	return 0;
}

/* Records, and the envelope of a queue file, as a stranger may have left it in maildrop. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "global/queue/listing.h"
#include "global/queue/envelope.h"
#include "util/file/file.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_envelope(int fd, size_t max)
{
	struct arena arena = ARENA_INIT;
	struct queue_envelope envelope;
	struct queue_recipient *recipients;
	enum queue_read result;
	size_t count;
	off_t resume = 0;
	int rounds = 0;

	do {
		result = queue_envelope_read(fd, &arena, &envelope, &recipients, &count, max, &resume, NULL, NULL);
	} while (result == QUEUE_READ_RECORD && ++rounds < 50);
	arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view bytes = view_bytes(data, size);
	struct cursor in = cursor_of(bytes);
	struct arena arena = ARENA_INIT;
	struct listing_message message;
	struct record record;
	int fd;

	while (size > 0 && record_parse(&in, 2048, &record) == 1)
		;
	listing_parse(bytes, &arena, &message);
	arena_fini(&arena);
	if ((fd = memfd_create("fuzz", 0)) == -1)
		return 0;
	if (file_write_all(fd, bytes, NULL)) {
		read_envelope(fd, 2);
		read_envelope(fd, 1000);
	}
	close(fd);
	return 0;
}

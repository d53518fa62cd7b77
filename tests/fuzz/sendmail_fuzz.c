/*
 * What a program pipes into `sendmail -t`: its lines, and the recipients in its headers. None is empty, no piece of a line
 * is longer than it may be, and no Bcc: is left.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sendmail/extract.h"
#include "sendmail/input.h"
#include "util/file/file.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
note_line(void *arg, struct view line)
{
	if (view_starts_nocase(line, VIEW("bcc:")) || view_starts_nocase(line, VIEW("resent-bcc:")))
		abort();
}

static void
note_recipient(void *arg, struct view address)
{
	if (view_empty(address))
		abort();
}

static void
read_all(int fd, const char *ends, size_t piece_max)
{
	struct extract extract = { .size_max = 1 << 24, .token_max = 1000, .emit = note_line };
	struct buf piece = BUF_INIT;
	struct input input;
	bool whole;

	lseek(fd, 0, SEEK_SET);
	input_init(&input, fd, ends, piece_max);
	while (input_next(&input, &piece, &whole)) {
		if (piece.len > piece_max)
			abort();
		extract_piece(&extract, buf_view(&piece), whole);
	}
	extract_end(&extract);
	extract_each(&extract, note_recipient, NULL);
	extract_fini(&extract);
	buf_fini(&piece);
	input_fini(&input);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", 0);

	if (fd == -1)
		return 0;
	if (file_write_all(fd, view_bytes(data, size), NULL)) {
		read_all(fd, "always", 2048);
		read_all(fd, "strict", 7);
		read_all(fd, "never", 2048);
	}
	close(fd);
	return 0;
}

#include "util/process/stamp.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "util/base/number.h"
#include "util/file/file.h"

#define OWNER		"Posthaste"
#define NOTE_TYPE	1
#define PROGRAMS_MAX	64		/* program headers looked at */

/* Both texts are padded to words of four bytes, as notes are. */
const struct stamp_note {
	Elf64_Nhdr head;
	char owner[(sizeof(OWNER) + 3) & ~3UL];
	char version[(sizeof(POSTHASTE_VERSION) + 3) & ~3UL];
} posthaste_stamp __attribute__((section(".note.posthaste"), used, aligned(4)));

const struct stamp_note posthaste_stamp = {
	{ sizeof(OWNER), sizeof(POSTHASTE_VERSION), NOTE_TYPE }, OWNER, POSTHASTE_VERSION
};

static bool
take(struct view image, size_t offset, void *out, size_t len)
{
	size_t end;

	if (!size_add(offset, len, &end) || end > image.len)
		return false;
	memcpy(out, image.data + offset, len);
	return true;
}

static struct view
text_at(struct view image, size_t offset, size_t len)
{
	struct view text = view_slice(image, offset, offset + len);

	return text.len > 0 && text.data[text.len - 1] == '\0' ? view_slice(text, 0, text.len - 1) : text;
}

/* Looks through the notes of one segment: header, owner, description, the latter two padded. */
static enum stamp
search_notes(struct view notes)
{
	Elf64_Nhdr note;
	size_t at = 0;

	while (take(notes, at, &note, sizeof(note))) {
		size_t owner = at + sizeof(note), version = owner + (((size_t)note.n_namesz + 3) & ~(size_t)3);

		if (note.n_type == NOTE_TYPE && view_is(text_at(notes, owner, note.n_namesz), OWNER))
			return view_is(text_at(notes, version, note.n_descsz), POSTHASTE_VERSION) ? STAMP_OURS :
			    STAMP_OTHER_VERSION;
		at = version + (((size_t)note.n_descsz + 3) & ~(size_t)3);
	}
	return STAMP_FOREIGN;
}

enum stamp
stamp_of_image(struct view image)
{
	enum stamp stamp = STAMP_FOREIGN;
	Elf64_Ehdr head;
	Elf64_Phdr segment;

	if (!take(image, 0, &head, sizeof(head)) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(segment))
		return STAMP_FOREIGN;
	for (size_t i = 0; i < head.e_phnum && i < PROGRAMS_MAX && stamp == STAMP_FOREIGN; i++) {
		if (head.e_phoff > image.len || !take(image, head.e_phoff + i * sizeof(segment), &segment, sizeof(segment)))
			break;
		if (segment.p_type == PT_NOTE && segment.p_offset <= image.len && segment.p_filesz <= image.len)
			stamp = search_notes(view_slice(image, segment.p_offset, segment.p_offset + segment.p_filesz));
	}
	return stamp;
}

enum stamp
stamp_of_file(const char *path)
{
	enum stamp stamp = STAMP_NO_FILE;
	struct stat st;
	void *image;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1)
		return STAMP_NO_FILE;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) != MAP_FAILED) {
		stamp = stamp_of_image(view_bytes(image, (size_t)st.st_size));
		munmap(image, (size_t)st.st_size);
	}
	close(fd);
	return stamp;
}

bool
stamp_directory_is_ours(const char *directory, const char *const *programs)
{
	struct buf path = BUF_INIT;
	bool ours = true;

	for (; *programs != NULL && ours; programs++) {
		buf_reset(&path);
		buf_printf(&path, "%s/%s", directory, *programs);
		ours = stamp_of_file(buf_c(&path)) != STAMP_FOREIGN;
	}
	buf_fini(&path);
	return ours;
}

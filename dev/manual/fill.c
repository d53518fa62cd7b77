#include "fill.h"

#include "describe.h"
#include "util/file/file.h"

enum { PAGE_MAX = 4 << 20 };

#define MARKER	VIEW(".\\\" PARAMETERS\n")

static bool
read_page(const char *path, struct buf *page, ptrdiff_t *marker, struct buf *why)
{
	if (!file_read_all(path, PAGE_MAX, page, why))
		return false;
	*marker = view_find_view(buf_view(page), MARKER);
	return true;
}

bool
fill_has_marker(const char *path)
{
	struct buf page = BUF_INIT;
	ptrdiff_t marker = -1;
	bool has = read_page(path, &page, &marker, NULL) && marker >= 0;

	buf_fini(&page);
	return has;
}

static void
describe(const struct texts *texts, const char *path, FILE *out)
{
	struct view name = view_string(path), section = VIEW_EMPTY, directory;

	view_rsplit(name, '/', &directory, &name);
	view_rsplit(name, '.', &name, &section);
	if (view_is(name, "postconf") && view_is(section, "5"))
		describe_all(texts, out);
	else
		describe_program(texts, name, section, out);
}

bool
fill_page(const struct texts *texts, const char *path, FILE *out, struct buf *why)
{
	struct buf page = BUF_INIT;
	ptrdiff_t marker;
	bool good = read_page(path, &page, &marker, why);

	if (good && marker < 0) {
		fwrite(buf_c(&page), 1, page.len, out);
	} else if (good) {
		fwrite(buf_c(&page), 1, (size_t)marker, out);
		describe(texts, path, out);
		fputs(buf_c(&page) + (size_t)marker + MARKER.len, out);
	}
	buf_fini(&page);
	return good;
}

/* Paths, quoting and domain checks: whatever parses must survive a trip through its external form. */
#include <stdint.h>

#include "global/address/address.h"
#include "util/base/mem.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
round_trip(struct view internal)
{
	struct buf external = BUF_INIT, back = BUF_INIT;

	address_quote(&external, internal);
	if (!address_unquote(&back, buf_view(&external)) || !view_equal(buf_view(&back), internal))
		abort();
	buf_fini(&external);
	buf_fini(&back);
}

static void
parse(struct view text, bool strict)
{
	struct arena arena = ARENA_INIT;
	struct buf joined = BUF_INIT;
	struct cursor in = cursor_of(text);
	struct address address;

	if (address_parse_path(&in, strict, &arena, &address, NULL)) {
		address_join(&joined, &address);
		round_trip(buf_view(&joined));
	}
	buf_fini(&joined);
	arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = view_bytes(data, size), user, extension;
	struct buf out = BUF_INIT;

	parse(text, true);
	parse(text, false);
	address_quote(&out, text);
	address_unquote(&out, text);
	domain_valid_mail(text);
	domain_equal(text, VIEW("ex\xc3\xa4mple.org"));
	address_split_extension(text, "+-", true, &user, &extension);
	buf_fini(&out);
	return 0;
}

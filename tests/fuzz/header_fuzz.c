/* Header names, values and address lists: whatever is found lies inside, and what is rebuilt can be read again. */
#include "global/address/address.h"
#include "global/message/address_list.h"
#include "global/message/header.h"
#include "global/rewrite/rewrite.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rewrite_rules rules = {
	.myorigin = "ex.org", .mydomain = "ex.org", .remote_domain = "", .append_at_myorigin = true,
	.append_dot_mydomain = true, .swap_bangpath = true, .allow_percent_hack = true,
};

static void
rewrite(void *arg, struct view internal, struct buf *out)
{
	rewrite_address(&rules, REWRITE_LOCAL, internal, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_bytes(data, size), name = VIEW_EMPTY, value = in;
	struct buf out = BUF_INIT, again = BUF_INIT;

	if (header_split(in, &name, &value))
		header_find(name);
	address_list_rewrite(value, 1000, rewrite, NULL, &out);
	address_list_rewrite(buf_view(&out), 1000, rewrite, NULL, &again);
	buf_fini(&out);
	buf_fini(&again);
	return 0;
}

#include "global/address/verp.h"

#include "global/address/address.h"

void
verp_put(struct buf *out, struct view sender, struct view recipient, struct view delimiters)
{
	struct view local, domain, user, host;

	if (delimiters.len != 2 || !address_split(sender, &local, &domain) || !address_split(recipient, &user, &host)) {
		buf_putv(out, sender);
		return;
	}
	buf_printf(out, "%.*s%c%.*s%c%.*s@%.*s", VIEW_ARG(local), delimiters.data[0], VIEW_ARG(user), delimiters.data[1],
	    VIEW_ARG(host), VIEW_ARG(domain));
}

#include "global/address/verp.h"

#include "global/address/address.h"

void
verp_put(struct buf *out, struct view sender, struct view recipient, struct view delimiters)
{
	struct view local, domain, user, host;

	if (delimiters.len != 2 || !address_split(sender, &local, &domain)) {
		buf_putv(out, sender);
		return;
	}
	buf_printf(out, "%.*s%c", VIEW_ARG(local), delimiters.data[0]);
	if (address_split(recipient, &user, &host))
		buf_printf(out, "%.*s%c%.*s", VIEW_ARG(user), delimiters.data[1], VIEW_ARG(host));
	else
		buf_putv(out, recipient);
	buf_printf(out, "@%.*s", VIEW_ARG(domain));
}

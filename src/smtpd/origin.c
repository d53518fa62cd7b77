#include "smtpd/origin.h"

static void
each_text(struct origin *origin, void (*call)(struct buf *))
{
	struct buf *const texts[] = {
		&origin->name, &origin->address, &origin->rfc_address, &origin->port, &origin->helo, &origin->protocol,
		&origin->ident,
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		call(texts[i]);
}

void
origin_reset(struct origin *origin)
{
	if (!origin->given)
		return;
	each_text(origin, buf_reset);
	origin->source = ORIGIN_SOURCE_UNKNOWN;
	origin->given = false;
}

void
origin_fini(struct origin *origin)
{
	each_text(origin, buf_fini);
}

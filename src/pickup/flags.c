#include "pickup/pickup.h"
#include "util/log/log.h"

unsigned
pickup_cleanup_flags(const struct pickup_config *config, bool requeued)
{
	unsigned flags = CLEANUP_BOUNCE | CLEANUP_EXTERNAL;
	struct buf why = BUF_INIT;

	if (!cleanup_override(&flags, config->overrides, &why))
		log_warn("%s", buf_c(&why));
	if (requeued)
		flags &= ~(unsigned)CLEANUP_MILTER;	/* they have seen it, and changed it */
	flags |= cleanup_utf8_flags(config->utf8, config->utf8_classes, "sendmail");
	buf_fini(&why);
	return flags;
}

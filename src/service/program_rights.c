/* program_rights: whose rights the programs of others run with, checked in one place for all who run them. */
#include <unistd.h>

#include "service/context.h"
#include "util/log/log.h"

static bool
is_group(gid_t gid, const char *name)
{
	gid_t other;

	return group_id(name, &other) && other == gid;
}

/* Whose they must not be. */
static bool
is_taken(const struct service_context *ctx, const struct identity *as, const char *setgid_group, struct buf *whose)
{
	if (as->uid == 0 || as->gid == 0)
		buf_puts(whose, "root");
	else if (as->uid == ctx->owner.uid || as->gid == ctx->owner.gid)
		buf_puts(whose, "the mail system owner");
	else if (is_group(as->gid, setgid_group))
		buf_printf(whose, "group %s", setgid_group);
	return whose->len > 0;
}

void
service_program_rights(const struct service_context *ctx, const char *setting, const char *name, const char *setgid_group,
    struct identity *out)
{
	struct buf why = BUF_INIT;

	if (!identity_parse(name, out, &why))
		log_fatal("%s%s: %s", setting, name, buf_c(&why));
	if (geteuid() == 0 && is_taken(ctx, out, setgid_group, &why))
		log_fatal("%s%s: commands are not run with the rights of %s", setting, name, buf_c(&why));
	buf_fini(&why);
}

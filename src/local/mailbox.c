/* mailbox: a user's mailbox, mbox or Maildir, written with that user's rights and nothing else. */
#include <errno.h>
#include <pwd.h>

#include "local/deliver.h"

/* Who this user is; NULL with a verdict when there is none, or when that could not be asked. */
static const struct passwd *
find_user(const struct target *target, struct dsn *dsn)
{
	struct buf name = BUF_INIT;
	const struct passwd *user;

	buf_putv(&name, target->user);
	errno = 0;
	user = view_find(target->user, '\0') >= 0 ? NULL : getpwnam(buf_c(&name));
	if (user == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
		dsn_set(dsn, "4.3.0", "cannot find alias or local user: %s", strerror(errno));
	else if (user == NULL)
		dsn_set(dsn, "5.1.1", "unknown user: \"%s\"", buf_c(&name));
	buf_fini(&name);
	return user;
}

/* home_mailbox is below the home directory; else the file (or Maildir) of that name in the spool. */
static void
mailbox_path(const struct local_config *config, const struct passwd *user, struct buf *out)
{
	if (config->home_mailbox[0] != '\0')
		buf_printf(out, "%s/%s", user->pw_dir, config->home_mailbox);
	else if (view_ends(view_string(config->mail_spool_directory), VIEW("/")))
		buf_printf(out, "%s%s/", config->mail_spool_directory, user->pw_name);
	else
		buf_printf(out, "%s/%s", config->mail_spool_directory, user->pw_name);
}

static void
store(struct local_delivery *delivery, const struct passwd *user, struct dsn *dsn)
{
	const struct local_config *config = delivery->agent->config;
	struct copy_envelope envelope = { delivery->sender, delivery->recipient->original, delivery->delivered_to,
		COPY_RETURN_PATH | COPY_ORIGINAL_TO | COPY_DELIVERED_TO };
	struct identity as = { user->pw_uid, user->pw_gid, user->pw_name };
	struct mailbox_target to = { .as = &as, .size_limit = config->mailbox_size_limit, .lock = &delivery->agent->lock, .spool = config->home_mailbox[0] == 0,
		.strict_ownership = config->strict_ownership };
	struct buf path = BUF_INIT;

	if (view_empty(envelope.original))
		envelope.original = delivery->recipient->address;
	mailbox_path(config, user, &path);
	to.path = buf_c(&path);
	if (path.data[path.len - 1] == '/')
		maildir_deliver(delivery->request, &envelope, &to, dsn);
	else
		mbox_deliver(delivery->request, &envelope, &to, dsn);
	buf_fini(&path);
}

void
local_mailbox(struct local_delivery *delivery, const struct target *target, struct dsn *dsn)
{
	const struct passwd *user = find_user(target, dsn);

	if (user == NULL)
		return;
	if (delivery->request->flags & DELIVERY_TRACE)
		dsn_set(dsn, "2.0.0", "delivers to mailbox");
	else
		store(delivery, user, dsn);
}

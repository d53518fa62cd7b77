/* mailbox: mailboxes and files, mbox or Maildir, written with their owner's rights and nothing else. */
#include "local/deliver.h"

/* home_mailbox is below the home directory; else the file (or Maildir) of that name in the spool. */
static void
mailbox_path(const struct local_config *config, const struct user *user, struct buf *out)
{
	const char *spool = config->mail_spool_directory;

	if (config->home_mailbox[0] != '\0')
		buf_printf(out, "%s/%s", user->home, config->home_mailbox);
	else if (view_ends(view_string(spool), VIEW("/")))
		buf_printf(out, "%s%.*s/", spool, VIEW_ARG(user->name));
	else
		buf_printf(out, "%s/%.*s", spool, VIEW_ARG(user->name));
}

static bool
is_directory(const char *path)
{
	return view_ends(view_string(path), VIEW("/"));
}

static void
store(struct local_delivery *delivery, const struct target *target, const struct mailbox_target *to, struct dsn *dsn)
{
	struct copy_envelope envelope = local_envelope(delivery, target, LOCAL_FILE);

	if (is_directory(to->path))
		maildir_deliver(delivery->request, &envelope, to, dsn);
	else
		mbox_deliver(delivery->request, &envelope, to, dsn);
}

static void
deliver_mailbox(struct local_delivery *delivery, const struct target *target, const char *path, struct dsn *dsn)
{
	const struct local_config *config = delivery->agent->config;
	bool spool = config->home_mailbox[0] == '\0', biff = config->biff && !is_directory(path);
	off_t start = 0;
	struct mailbox_target to = { .path = path, .as = &target->user->as, .size_limit = config->mailbox_size_limit,
		.lock = &delivery->agent->lock, .strict_ownership = config->strict_ownership, .spool = spool,
		.pace = &delivery->agent->pace, .start = &start };

	store(delivery, target, &to, dsn);
	if (biff && dsn->status[0] == '2')
		local_biff(target->user->name, start);
}

void
local_mailbox(struct local_delivery *delivery, const struct target *target, struct dsn *dsn)
{
	struct buf path = BUF_INIT;

	mailbox_path(delivery->agent->config, target->user, &path);
	if (delivery->request->flags & DELIVERY_TRACE)
		dsn_set(dsn, "2.0.0", "delivers to %s", is_directory(buf_c(&path)) ? "maildir" : "mailbox");
	else
		deliver_mailbox(delivery, target, buf_c(&path), dsn);
	buf_fini(&path);
}

/* -- files of aliases and .forward ----------------------------------------------------------------------------------- */

static void
deliver_file(struct local_delivery *delivery, const struct target *target, const char *path, struct dsn *dsn)
{
	struct mailbox_lock_policy lock = delivery->agent->lock;
	struct mailbox_target to = { .path = path, .as = &target->as, .size_limit = delivery->agent->config->mailbox_size_limit,
		.lock = &lock, .file = true, .pace = &delivery->agent->pace };

	lock.dotlock_optional = true;	/* the directory of a log may be nobody's */
	store(delivery, target, &to, dsn);
	if (dsn->status[0] == '2' && !is_directory(path))
		dsn_set(dsn, "2.0.0", "delivered to file: %s", path);
}

void
local_file(struct local_delivery *delivery, const struct target *target, struct dsn *dsn)
{
	const char *path = target->text.data;	/* from the arena: NUL ended */

	if (delivery->request->flags & DELIVERY_TRACE)
		dsn_set(dsn, "2.0.0", "delivers to file: %s", path);
	else if (strcmp(path, "/dev/null") == 0)
		dsn_set(dsn, "2.0.0", "delivered to file: %s", path);
	else
		deliver_file(delivery, target, path, dsn);
}

/*
 * user: what becomes of mail for a name that is no alias: .forward, another transport, a command, a mailbox; and, when
 * there is no such user, what is configured for those.
 */
#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>

#include "local/deliver.h"
#include "util/log/log.h"
#include "util/process/nss.h"

bool
local_lookup_failed(int error)
{
	return error != 0 && error != ENOENT && error != ESRCH;
}

static const struct passwd *
ask(const char *name, bool *retry)
{
	const struct passwd *found;

	errno = 0;
	found = getpwnam(name);
	*retry = found == NULL && (local_lookup_failed(errno) || nss_doubt("/etc/passwd", name) != 0);
	return found;
}

const struct user *
local_find_user(struct local_delivery *delivery, struct view name, bool *retry)
{
	const struct passwd *found = NULL;
	struct user *user;

	identity_restore();
	*retry = false;
	if (view_find(name, '\0') < 0 && view_find(name, '/') < 0 && !view_empty(name))
		found = ask(arena_string(delivery->arena, name), retry);
	if (found == NULL)
		return NULL;
	user = arena_alloc(delivery->arena, sizeof(*user));
	user->name = arena_view(delivery->arena, view_string(found->pw_name));
	user->home = arena_string(delivery->arena, view_string(found->pw_dir));
	user->shell = arena_string(delivery->arena, view_string(found->pw_shell));
	user->as = (struct identity){ .uid = found->pw_uid, .gid = found->pw_gid };
	return user;
}

/* -- another transport --------------------------------------------------------------------------------------------- */

/* True when the maps or the parameter name something for this user, or could not be asked (LV6). */
static bool
per_user(struct local_delivery *delivery, struct maps *maps, const char *title, const char *otherwise, struct view name,
    struct buf *value)
{
	enum lookup found = LOOKUP_NONE;

	if (!maps_empty(maps)) {
		identity_restore();
		found = maps_lookup(maps, name, false, value, NULL);
	}
	if (found == LOOKUP_RETRY)
		local_wait(delivery, "4.3.0", "%s lookup failure", title);
	if (found == LOOKUP_NONE)
		buf_puts(value, otherwise);
	return found == LOOKUP_RETRY || value->len > 0;
}

static bool
by_transport(struct local_delivery *delivery, const struct step *step, struct maps *maps, const char *title,
    const char *otherwise)
{
	struct buf value = BUF_INIT, key = BUF_INIT;
	bool done = per_user(delivery, maps, title, otherwise, step->name, &value);

	if (done && value.len > 0) {
		buf_printf(&key, "transport %s %.*s", buf_c(&value), VIEW_ARG(step->address));
		local_add(delivery, TARGET_TRANSPORT, step, buf_view(&value), buf_view(&key));
	}
	buf_fini(&key);
	buf_fini(&value);
	return done;
}

/* -- nobody -------------------------------------------------------------------------------------------------------- */

static void
discard(struct local_delivery *delivery, const struct step *step)
{
	local_problem(delivery, step, "2.0.0", "discarded");
}

/*
 * Once: what it names must exist (LV8). It is an address, and never read as a member of a list: what a stranger wrote for
 * $local could be a command there (LV16).
 */
static bool
by_luser_relay(struct local_delivery *delivery, const struct step *step)
{
	const char *relay = delivery->agent->config->luser_relay;
	struct buf value = BUF_INIT, full = BUF_INIT;

	if (relay[0] == '\0' || delivery->relayed)
		return false;
	delivery->relayed = true;
	if (!local_macros(delivery, step, NULL, view_string(relay), NULL, &value)) {
		local_wait(delivery, "4.3.5", "mail system configuration error");
	} else if (value.len == 0) {
		discard(delivery, step);
	} else {
		rewrite_address(&delivery->agent->rewrite, REWRITE_LOCAL, buf_view(&value), &full);
		local_expand_member(delivery, step, buf_view(&full), true);
	}
	buf_fini(&full);
	buf_fini(&value);
	return true;
}

/* Mail about mail: returned, it would come back, or tell a stranger what only the postmaster should see. */
static bool
must_have_alias(struct view name)
{
	return view_is(name, "postmaster") || view_is(name, "mailer-daemon");
}

static void
unknown_user(struct local_delivery *delivery, const struct step *step)
{
	struct agent *agent = delivery->agent;

	if (by_transport(delivery, step, agent->fallback_transports, "fallback_transport_maps", agent->config->fallback_transport))
		return;
	if (by_luser_relay(delivery, step))
		return;
	if (must_have_alias(step->name)) {
		log_warn("required alias not found: %.*s", VIEW_ARG(step->name));
		discard(delivery, step);
	} else {
		local_problem(delivery, step, "5.1.1", "unknown user: \"%.*s\"", VIEW_ARG(step->name));
	}
}

/* -- somebody ------------------------------------------------------------------------------------------------------ */

static void
to_mailbox(struct local_delivery *delivery, struct step *step, const struct user *user)
{
	struct agent *agent = delivery->agent;
	struct buf command = BUF_INIT, key = BUF_INIT;
	struct target *target = NULL;

	buf_printf(&key, "mailbox %.*s", VIEW_ARG(user->name));		/* the user, whatever the extension (LV22) */
	step->user = user;
	step->as = user->as;
	if (!per_user(delivery, agent->mailbox_commands, "mailbox_command_maps", agent->config->mailbox_command, step->name, &command)) {
		local_add(delivery, TARGET_MAILBOX, step, user->name, buf_view(&key));
	} else if (command.len > 0) {
		target = local_add(delivery, TARGET_COMMAND, step, buf_view(&command), buf_view(&key));
		if (target != NULL && user->as.uid == 0)
			target->as = agent->default_privs;
	}
	buf_fini(&key);
	buf_fini(&command);
}

static bool
home_is_missing(struct local_delivery *delivery, const struct user *user)
{
	struct stat st;

	if (!delivery->agent->config->require_home || (stat(user->home, &st) == 0 && S_ISDIR(st.st_mode)))
		return false;
	local_wait(delivery, "4.3.0", "home directory of user %.*s is missing", VIEW_ARG(user->name));
	return true;
}

/*
 * Found in a list with an owner, in an :include: file, or in somebody else's .forward? Who is found in his own .forward,
 * or in the alias of his name, is himself.
 */
static bool
stands_in_list(const struct step *step)
{
	bool in_file = false;

	for (const struct step *above = step->above; above != NULL; above = above->above) {
		if (view_equal(above->alias, step->name) ||
		    (above->forward_of != NULL && view_equal(above->forward_of->name, step->name)))
			return false;
		in_file |= above->origin == LOCAL_INCLUDE || above->forward_of != NULL;
	}
	return in_file || (step->above != NULL && step->above->owned);
}

static bool
has_his_copy(struct local_delivery *delivery, const struct step *step)
{
	struct buf key = BUF_INIT;
	bool has;

	buf_printf(&key, "mailbox %.*s", VIEW_ARG(step->name));
	has = hash_get(delivery->seen, buf_view(&key)) != NULL;
	buf_fini(&key);
	return has;
}

/* Members of lists get a message of their own, with a record for each: one that waits is no reason to repeat the others (LV9). */
static bool
goes_to_own_file(struct local_delivery *delivery, struct step *step)
{
	struct buf key = BUF_INIT;

	if (!stands_in_list(step))
		return false;
	if (has_his_copy(delivery, step))
		return true;
	buf_printf(&key, "forward %.*s\n%.*s", VIEW_ARG(step->sender), VIEW_ARG(step->address));
	local_add(delivery, TARGET_FORWARD, step, step->address, buf_view(&key));
	buf_fini(&key);
	return true;
}

void
local_user(struct local_delivery *delivery, struct step *step, bool direct)
{
	struct agent *agent = delivery->agent;
	const struct user *user;
	bool retry;

	if (!direct && goes_to_own_file(delivery, step))
		return;
	user = local_find_user(delivery, step->name, &retry);
	if (retry) {
		local_wait(delivery, "4.0.0", "cannot look up user \"%.*s\"", VIEW_ARG(step->name));
		return;
	}
	if (user != NULL && (home_is_missing(delivery, user) || (!direct && local_dot_forward(delivery, step, user))))
		return;
	if (by_transport(delivery, step, agent->mailbox_transports, "mailbox_transport_maps", agent->config->mailbox_transport))
		return;
	if (user != NULL)
		to_mailbox(delivery, step, user);
	else
		unknown_user(delivery, step);
}

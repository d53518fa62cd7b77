/* macros: the $names of forward_path, luser_relay and command_execution_directory. */
#include "global/config/expand.h"
#include "local/deliver.h"
#include "util/log/log.h"

struct expansion {
	const struct local_delivery *delivery;
	const struct step *step;
	const struct user *user;
	const char *filter;
};

/* What a sender can choose must mean nothing to a shell or a file system (LV16). */
static void
put_filtered(const struct expansion *e, struct view value, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		bool good = e->filter == NULL || (value.data[i] != '\0' && strchr(e->filter, value.data[i]) != NULL);

		buf_putc(out, good ? value.data[i] : '_');
	}
}

static struct view
original_recipient(const struct local_delivery *delivery)
{
	const struct queue_recipient *recipient = delivery->recipient;

	return view_empty(recipient->original) ? recipient->address : recipient->original;
}

static struct view
value_of(const struct expansion *e, struct view name, bool *known)
{
	const struct step *step = e->step;

	*known = true;
	if (view_is(name, "user"))
		return step->name;
	if (view_is(name, "extension"))
		return step->extension;
	if (view_is(name, "recipient_delimiter"))
		return view_bytes(&step->delimiter, step->delimiter != '\0' ? 1 : 0);
	if (view_is(name, "local") || view_is(name, "mailbox"))
		return step->local;
	if (view_is(name, "domain"))
		return step->domain;
	if (view_is(name, "recipient"))
		return step->address;
	if (view_is(name, "original_recipient"))
		return original_recipient(e->delivery);
	*known = false;
	return VIEW_EMPTY;
}

static bool
put_value(void *arg, struct view name, struct buf *out, struct buf *why)
{
	const struct expansion *e = arg;
	bool known;
	struct view value = value_of(e, name, &known);

	if (view_is(name, "home") || view_is(name, "shell")) {	/* not a sender's choice */
		if (e->user != NULL)
			buf_puts(out, view_is(name, "home") ? e->user->home : e->user->shell);
		return true;
	}
	if (known)
		put_filtered(e, value, out);
	else
		why_set(why, "unknown name: %.*s", VIEW_ARG(name));
	return known;
}

static bool
has_text(void *arg, struct view name)
{
	struct buf value = BUF_INIT;
	bool has = put_value(arg, name, &value, NULL) && value.len > 0;

	buf_fini(&value);
	return has;
}

bool
local_macros(const struct local_delivery *delivery, const struct step *step, const struct user *user, struct view text,
    const char *filter, struct buf *out)
{
	struct expansion e = { delivery, step, user, filter };
	struct expand_names names = { put_value, has_text, &e };
	struct buf why = BUF_INIT;
	bool ok = expand_text(&names, text, out, &why);

	if (!ok)
		log_warn("%.*s: %s", VIEW_ARG(text), buf_c(&why));
	buf_fini(&why);
	return ok;
}

/*
 * argv: the command line for a message. An argument that names a part of the recipient is repeated for each recipient;
 * one that becomes empty stays, so that positions do not shift (LV10).
 */
#include "global/address/address.h"
#include "global/config/expand.h"
#include "pipe/pipe.h"

struct expansion {
	const struct pipe_options *options;
	const struct pipe_config *config;
	const struct delivery_request *request;
	const struct queue_recipient *recipient;
};

/* -- values -------------------------------------------------------------------------------------------------------- */

static void
fold(struct buf *text, bool wanted)
{
	if (wanted)
		buf_lower(text);
}

/* A whole address: parts folded as flags= says, quoted when asked for. */
static void
put_address(const struct expansion *e, struct view address, struct buf *out)
{
	struct view local = address, domain = VIEW_EMPTY;
	struct buf text = BUF_INIT, part = BUF_INIT;
	bool split = address_split(address, &local, &domain);

	buf_putv(&text, local);
	fold(&text, e->options->flags & PIPE_FOLD_LOCAL);
	if (split) {
		buf_putv(&part, domain);
		fold(&part, e->options->flags & PIPE_FOLD_DOMAIN);
		buf_printf(&text, "@%s", buf_c(&part));
	}
	if (e->options->flags & PIPE_QUOTE)
		address_quote(out, buf_view(&text));
	else
		buf_putv(out, buf_view(&text));
	buf_fini(&part);
	buf_fini(&text);
}

static void
put_sender(const struct expansion *e, struct buf *out)
{
	struct view sender = e->request->sender;

	if (view_empty(sender))
		buf_puts(out, e->options->null_sender);
	else if (e->options->flags & PIPE_QUOTE)
		address_quote(out, sender);
	else
		buf_putv(out, sender);
}

enum part { PART_USER, PART_EXTENSION, PART_MAILBOX, PART_DOMAIN };

static void
put_part(const struct expansion *e, enum part which, struct buf *out)
{
	struct view local = e->recipient->address, domain = VIEW_EMPTY, user, extension = VIEW_EMPTY;
	struct buf text = BUF_INIT;

	address_split(e->recipient->address, &local, &domain);
	user = local;
	address_split_extension(local, e->config->recipient_delimiter, e->config->owner_request_special, &user, &extension);
	buf_putv(&text, which == PART_USER ? user : which == PART_EXTENSION ? extension : which == PART_MAILBOX ? local : domain);
	fold(&text, e->options->flags & (which == PART_DOMAIN ? PIPE_FOLD_DOMAIN : PIPE_FOLD_LOCAL));
	buf_putv(out, buf_view(&text));
	buf_fini(&text);
}

static void
put_nexthop(const struct expansion *e, struct buf *out)
{
	struct buf text = BUF_INIT;

	buf_putv(&text, e->request->nexthop);
	fold(&text, e->options->flags & PIPE_FOLD_DOMAIN);
	buf_putv(out, buf_view(&text));
	buf_fini(&text);
}

static struct view
original_of(const struct expansion *e)
{
	return view_empty(e->recipient->original) ? e->recipient->address : e->recipient->original;
}

static bool
put_computed(const struct expansion *e, struct view name, struct buf *out)
{
	if (view_is(name, "sender"))
		put_sender(e, out);
	else if (view_is(name, "recipient"))
		put_address(e, e->recipient->address, out);
	else if (view_is(name, "original_recipient"))
		put_address(e, original_of(e), out);
	else if (view_is(name, "user"))
		put_part(e, PART_USER, out);
	else if (view_is(name, "extension"))
		put_part(e, PART_EXTENSION, out);
	else if (view_is(name, "mailbox"))
		put_part(e, PART_MAILBOX, out);
	else if (view_is(name, "domain"))
		put_part(e, PART_DOMAIN, out);
	else if (view_is(name, "nexthop"))
		put_nexthop(e, out);
	else if (view_is(name, "size"))
		buf_printf(out, "%lld", e->request->data_size);
	else
		return false;
	return true;
}

static const struct {
	const char *name;
	size_t offset;
} plain[] = {
	{ "client_address", offsetof(struct delivery_request, client_address) },
	{ "client_helo", offsetof(struct delivery_request, client_helo) },
	{ "client_hostname", offsetof(struct delivery_request, client_name) },
	{ "client_port", offsetof(struct delivery_request, client_port) },
	{ "client_protocol", offsetof(struct delivery_request, client_protocol) },
	{ "envid", offsetof(struct delivery_request, envid) },
	{ "queue_id", offsetof(struct delivery_request, queue_id) },
	{ "sasl_method", offsetof(struct delivery_request, sasl_method) },
	{ "sasl_sender", offsetof(struct delivery_request, sasl_sender) },
	{ "sasl_username", offsetof(struct delivery_request, sasl_username) },
};

static bool
put_value(void *arg, struct view name, struct buf *out, struct buf *why)
{
	const struct expansion *e = arg;

	if (put_computed(e, name, out))
		return true;
	for (size_t i = 0; i < ARRAY_COUNT(plain); i++) {
		if (view_is(name, plain[i].name)) {
			buf_putv(out, *(const struct view *)(const void *)((const char *)e->request + plain[i].offset));
			return true;
		}
	}
	why_set(why, "unknown macro name: %.*s", VIEW_ARG(name));
	return false;
}

static bool
has_text(void *arg, struct view name)
{
	struct buf value = BUF_INIT;
	bool has = put_value(arg, name, &value, NULL) && value.len > 0;

	buf_fini(&value);
	return has;
}

/* -- arguments ----------------------------------------------------------------------------------------------------- */

static void
note_recipient_name(struct view name, void *arg)
{
	static const char *const names[] = { "recipient", "original_recipient", "user", "extension", "mailbox", "domain" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (view_is(name, names[i]))
			*(bool *)arg = true;
}

static char *
expand(struct expansion *e, const char *template, struct arena *arena, struct buf *why)
{
	struct expand_names names = { put_value, has_text, e };
	struct buf text = BUF_INIT;
	char *argument = NULL;

	if (expand_text(&names, view_string(template), &text, why))
		argument = arena_string(arena, buf_view(&text));
	buf_fini(&text);
	return argument;
}

static size_t
template_count(const struct pipe_options *options)
{
	size_t count = 0;

	while (options->argv[count] != NULL)
		count++;
	return count;
}

char **
pipe_argv(const struct pipe_options *options, const struct pipe_config *config, const struct delivery_request *request,
    struct arena *arena, struct buf *why)
{
	size_t templates = template_count(options), count = 0;
	char **argv = arena_alloc_array(arena, templates * request->recipient_count + templates + 1, sizeof(*argv));

	for (size_t i = 0; i < templates; i++) {
		bool each = false;

		expand_each_name(view_string(options->argv[i]), note_recipient_name, &each);
		for (size_t r = 0; r < (each ? request->recipient_count : 1); r++) {
			struct expansion e = { options, config, request, &request->recipients[r] };

			if ((argv[count++] = expand(&e, options->argv[i], arena, why)) == NULL)
				return NULL;
		}
	}
	return argv;
}

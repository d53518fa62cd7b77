/*
 * Values with a type: what programs bind, and single values by name. Here every error gets place, parameter and value.
 */
#include <assert.h>
#include <limits.h>

#include "global/config/compatibility.h"
#include "global/config/internal.h"
#include "global/config/value.h"

/* The length of the service name is the administrator's; the rest is ours. */
static const char *
full_name(struct config *config, const char *prefix, const char *suffix)
{
	return arena_printf(&config->arena, "%s%s", prefix, suffix).data;
}

static bool
complain(struct config *config, const char *kind, const char *name, const char *text, const struct buf *reason,
    struct buf *why)
{
	why_set(why, "bad %s configuration: %s = %s (%s; %s)", kind, name, text, config_where(config, name), buf_c(reason));
	return false;
}

static const char *
expanded_text(struct config *config, const char *name, struct buf *why)
{
	struct buf value = BUF_INIT, reason = BUF_INIT;
	const char *text = NULL;

	if (config_value(config, view_string(name), &value, &reason))
		text = arena_string(&config->arena, buf_view(&value));
	else
		why_set(why, "%s: parameter %s: %s", config_where(config, name), name, buf_c(&reason));
	buf_fini(&reason);
	buf_fini(&value);
	return text;
}

static const char *
checked_length(struct config *config, const char *name, const char *text, struct buf *why)
{
	const struct param *param = config_param(view_string(name));
	struct buf reason = BUF_INIT;
	bool good = true;

	if (text != NULL && param != NULL && !value_length(param, text, &reason))
		good = complain(config, "string length", name, text, &reason, why);
	buf_fini(&reason);
	return good ? text : NULL;
}

static bool
is_number(const struct param *param)
{
	return param->type == PARAM_INT || param->type == PARAM_INT_DERIVED || param->type == PARAM_LONG ||
	    param->type == PARAM_READ_ONLY_INT || param->type == PARAM_TIME;
}

const char *
config_string_unchecked(struct config *config, const char *name, struct buf *why)
{
	const struct param *param = config_param(view_string(name));

	return param != NULL && param_is_raw(param) ? config_raw(config, name) : expanded_text(config, name, why);
}

const char *
config_string(struct config *config, const char *name, struct buf *why)
{
	const struct param *param = config_param(view_string(name));
	const char *text = config_string_unchecked(config, name, why);

	return param != NULL && is_number(param) ? text : checked_length(config, name, text, why);
}

static bool
number(struct config *config, const char *name, long long most, long long *out, struct buf *why)
{
	static const struct param unbounded = { "", PARAM_LONG, "" };
	const struct param *param = config_param(view_string(name));
	const char *text = expanded_text(config, name, why);
	struct buf reason = BUF_INIT;
	bool good;

	if (text == NULL)
		return false;
	good = value_number(param != NULL ? param : &unbounded, text, most, out, &reason) ||
	    complain(config, "numerical", name, text, &reason, why);
	buf_fini(&reason);
	return good;
}

bool
config_int(struct config *config, const char *name, int *out, struct buf *why)
{
	long long value;

	if (!number(config, name, INT_MAX, &value, why))
		return false;
	*out = (int)value;
	return true;
}

bool
config_bool(struct config *config, const char *name, bool *out, struct buf *why)
{
	const char *text = expanded_text(config, name, why);
	struct buf reason = BUF_INIT;
	bool good;

	if (text == NULL)
		return false;
	good = value_bool(text, out, &reason) || complain(config, "boolean", name, text, &reason, why);
	buf_fini(&reason);
	return good;
}

bool
config_time(struct config *config, const char *name, int *seconds, struct buf *why)
{
	static const struct param unbounded = { "", PARAM_TIME, "", .unit = 's' };
	const struct param *param = config_param(view_string(name));
	const char *text = expanded_text(config, name, why);
	struct buf reason = BUF_INIT;
	bool good;

	if (text == NULL)
		return false;
	good = value_time(param != NULL && param->type == PARAM_TIME ? param : &unbounded, text, seconds, &reason) ||
	    complain(config, "time", name, text, &reason, why);
	buf_fini(&reason);
	return good;
}

const char *
config_transport_string(struct config *config, const char *transport, const char *suffix, struct buf *why)
{
	return config_string(config, full_name(config, transport, suffix), why);
}

bool
config_transport_int(struct config *config, const char *transport, const char *suffix, int *out, struct buf *why)
{
	return config_int(config, full_name(config, transport, suffix), out, why);
}

bool
config_transport_time(struct config *config, const char *transport, const char *suffix, int *seconds, struct buf *why)
{
	return config_time(config, full_name(config, transport, suffix), seconds, why);
}

/* -- bindings -------------------------------------------------------------------------------------------------------- */

static bool
bind_string(struct config *config, const char *name, const char **out, struct buf *why)
{
	const char *text = config_string(config, name, why);

	if (text != NULL)
		*out = text;
	return text != NULL;
}

static bool
bind_raw(struct config *config, const char *name, const char **out, struct buf *why)
{
	const char *text = checked_length(config, name, config_raw(config, name), why);

	if (text != NULL)
		*out = text;
	return text != NULL;
}

static bool
bind_old_default(struct config *config, const char *name, bool *out)
{
	*out = compatibility_old_default(config, name);
	return true;
}

static bool
bind_one(struct config *config, const struct binding *binding, const char *name, void *member, struct buf *why)
{
	switch (binding->kind) {
	case BINDING_STRING: return bind_string(config, name, member, why);
	case BINDING_RAW: return bind_raw(config, name, member, why);
	case BINDING_INT: return config_int(config, name, member, why);
	case BINDING_LONG: return number(config, name, LLONG_MAX, member, why);
	case BINDING_BOOL: return config_bool(config, name, member, why);
	case BINDING_TIME: return config_time(config, name, member, why);
	case BINDING_OLD_DEFAULT: return bind_old_default(config, name, member);
	}
	return false;
}

bool
config_bind(struct config *config, const struct binding *bindings, void *out, struct buf *why)
{
	for (const struct binding *b = bindings; b->name != NULL; b++) {
		const char *name = b->name;

		if (name[0] == '%')
			name = full_name(config, config->service_name != NULL ? config->service_name : "", name + 1);
		assert(config_param(view_string(name)) != NULL);	/* a binding without a row */
		if (!bind_one(config, b, name, (char *)out + b->offset, why))
			return false;
	}
	return true;
}

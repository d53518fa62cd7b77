#include "global/config/value.h"

#include <limits.h>

#include "global/config/config.h"
#include "util/base/number.h"
#include "util/text/chars.h"

static void
bounds_put(struct buf *why, const char *what, const struct param *param, const char *unit)
{
	why_set(why, "%s", what);
	if (why == NULL)
		return;
	if (param->min != 0 && param->max != 0)
		buf_printf(why, " from %lld%s to %lld%s", param->min, unit, param->max, unit);
	else if (param->min != 0)
		buf_printf(why, " of at least %lld%s", param->min, unit);
	else if (param->max != 0)
		buf_printf(why, " of at most %lld%s", param->max, unit);
}

static bool
within(const struct param *param, long long value)
{
	return (param->min == 0 || value >= param->min) && (param->max == 0 || value <= param->max);
}

bool
value_number(const struct param *param, const char *text, long long most, long long *out, struct buf *why)
{
	long long value;

	if (!number_parse(text, -most - 1, most, &value) || !within(param, value)) {
		bounds_put(why, "expected: a whole number", param, "");
		return false;
	}
	*out = value;
	return true;
}

bool
value_bool(const char *text, bool *out, struct buf *why)
{
	struct view v = view_string(text);

	if (!view_is_nocase(v, "yes") && !view_is_nocase(v, "no")) {
		why_set(why, "expected: yes or no");
		return false;
	}
	*out = view_is_nocase(v, "yes");
	return true;
}

static long long
unit_seconds(char unit)
{
	switch (unit) {
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 60 * 60;
	case 'd': return 24 * 60 * 60;
	case 'w': return 7 * 24 * 60 * 60;
	default: return 0;
	}
}

/* time = 1*DIGIT [ "s" / "m" / "h" / "d" / "w" ] */
bool
config_parse_time(const char *text, char default_unit, long long *seconds)
{
	struct view v = view_string(text);
	unsigned long long number;
	long long unit = unit_seconds(default_unit);

	if (v.len > 0 && unit_seconds(char_lower(v.data[v.len - 1])) != 0) {
		unit = unit_seconds(char_lower(v.data[v.len - 1]));
		v.len--;
	}
	if (!view_number(v, &number) || number > LLONG_MAX)
		return false;
	return !__builtin_mul_overflow((long long)number, unit, seconds);
}

bool
value_time(const struct param *param, const char *text, int *seconds, struct buf *why)
{
	long long value;

	if (!config_parse_time(text, param->unit, &value) || value > INT_MAX || !within(param, value)) {
		bounds_put(why, "expected: a number with unit s, m, h, d or w, a time", param, "s");
		return false;
	}
	*seconds = (int)value;
	return true;
}

bool
value_length(const struct param *param, const char *text, struct buf *why)
{
	long long length = (long long)strlen(text);

	if (within(param, length))
		return true;
	if (param->min == param->max)
		why_set(why, "expected: %lld characters, not %lld", param->min, length);
	else if (length < param->min)
		why_set(why, param->min == 1 ? "expected: a value that is not empty" : "expected: at least %lld characters", param->min);
	else
		why_set(why, "expected: at most %lld characters", param->max);
	return false;
}

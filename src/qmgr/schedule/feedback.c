/* feedback: "1", "0.5", "1/10", "1/concurrency", "1/sqrt_concurrency". */
#include <math.h>

#include "qmgr/schedule/schedule.h"

/* 1*DIGIT [ "." *DIGIT ] */
static bool
decimal(struct cursor *in, double *out)
{
	double value = 0, unit = 1;
	char digit;

	if (!cursor_at(in, CHAR_DIGIT))
		return false;
	while (cursor_at(in, CHAR_DIGIT) && cursor_any(in, &digit))
		value = value * 10 + (digit - '0');
	if (cursor_byte(in, '.'))
		while (cursor_at(in, CHAR_DIGIT) && cursor_any(in, &digit))
			value += (digit - '0') * (unit /= 10);
	*out = value;
	return true;
}

static bool
divisor(struct cursor *in, struct feedback *out)
{
	double by;

	cursor_skip(in, CHAR_BLANK);
	if (cursor_literal_nocase(in, VIEW("concurrency")))
		out->kind = FEEDBACK_INVERSE;
	else if (cursor_literal_nocase(in, VIEW("sqrt_concurrency")))
		out->kind = FEEDBACK_INVERSE_SQRT;
	else if (decimal(in, &by) && by > 0)
		out->base /= by;
	else
		return false;
	return true;
}

bool
feedback_parse(const char *text, struct feedback *out)
{
	struct cursor in = cursor_of(view_trim(view_string(text)));
	struct feedback parsed = { FEEDBACK_CONSTANT, 0 };
	bool ok = decimal(&in, &parsed.base);

	cursor_skip(&in, CHAR_BLANK);
	if (ok && cursor_byte(&in, '/'))
		ok = divisor(&in, &parsed);
	ok = ok && cursor_done(&in) && parsed.base >= 0 && parsed.base <= 1;
	*out = ok ? parsed : (struct feedback){ FEEDBACK_CONSTANT, 1 };
	return ok;
}

double
feedback_value(const struct feedback *feedback, int window)
{
	switch (feedback->kind) {
	case FEEDBACK_INVERSE:
		return feedback->base / window;
	case FEEDBACK_INVERSE_SQRT:
		return feedback->base / sqrt(window);
	default:
		return feedback->base;
	}
}

#include "util/base/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

bool
number_parse(const char *text, long long min, long long max, long long *out)
{
	char *end;
	long long value;

	if (*text == '\0' || isspace((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
		return false;
	*out = value;
	return true;
}

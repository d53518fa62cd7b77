#include "util/base/option.h"

#include <unistd.h>

static const struct option_row *
find(const struct option_row *rows, int letter)
{
	while (rows->letter != 0 && rows->letter != letter)
		rows++;
	return rows->letter != 0 ? rows : NULL;
}

static void
take(const struct option_row *row, void *out, const char *value)
{
	void *member = (char *)out + row->offset;

	switch (row->kind) {
	case OPTION_IS_FLAG:
		*(bool *)member = true;
		break;
	case OPTION_IS_COUNT:
		++*(int *)member;
		break;
	case OPTION_IS_TEXT:
		*(const char **)member = value;
		break;
	case OPTION_IS_CALL:
		row->call(out, row->letter, value);
		break;
	}
}

bool
options_parse(int argc, char **argv, const char *letters, const struct option_row *rows, void *out)
{
	const struct option_row *row;
	int letter;

	while ((letter = getopt(argc, argv, letters)) != -1) {
		if ((row = find(rows, letter)) == NULL)
			return false;
		take(row, out, optarg);
	}
	return true;
}

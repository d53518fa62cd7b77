#include "util/text/chars.h"

#define DIGIT	(CHAR_DIGIT | CHAR_ATEXT | CHAR_PRINT | CHAR_HEX | CHAR_NAME | CHAR_FTEXT)
#define HEXUP	(UPPER | CHAR_HEX)
#define HEXLOW	(LOWER | CHAR_HEX)
#define LOWER	(CHAR_ALPHA | CHAR_ATEXT | CHAR_PRINT | CHAR_NAME | CHAR_FTEXT)
#define UPPER	(LOWER | CHAR_UPPER)
#define ATEXT	(CHAR_ATEXT | CHAR_PRINT | CHAR_FTEXT)
#define TSPEC	(CHAR_TSPECIAL | CHAR_PRINT | CHAR_FTEXT)

const unsigned short char_table[256] = {
	[0 ... 8] = CHAR_CONTROL,
	[14 ... 31] = CHAR_CONTROL,
	['\t'] = CHAR_CONTROL | CHAR_BLANK | CHAR_SPACE,
	['\n' ... '\r'] = CHAR_CONTROL | CHAR_SPACE,
	[' '] = CHAR_BLANK | CHAR_SPACE | CHAR_PRINT,
	['!'] = ATEXT, ['"'] = TSPEC, ['#'] = ATEXT, ['$'] = ATEXT, ['%'] = ATEXT, ['&'] = ATEXT, ['\''] = ATEXT,
	['('] = TSPEC, [')'] = TSPEC, ['*'] = ATEXT, ['+'] = ATEXT, [','] = TSPEC, ['-'] = ATEXT,
	['.'] = CHAR_PRINT | CHAR_FTEXT, ['/'] = ATEXT | CHAR_TSPECIAL,
	['0' ... '9'] = DIGIT,
	[':'] = CHAR_TSPECIAL | CHAR_PRINT, [';'] = TSPEC, ['<'] = TSPEC, ['='] = ATEXT | CHAR_TSPECIAL, ['>'] = TSPEC,
	['?'] = ATEXT | CHAR_TSPECIAL, ['@'] = TSPEC,
	['A' ... 'F'] = HEXUP, ['G' ... 'Z'] = UPPER,
	['['] = TSPEC, ['\\'] = TSPEC, [']'] = TSPEC, ['^'] = ATEXT, ['_'] = ATEXT | CHAR_NAME, ['`'] = ATEXT,
	['a' ... 'f'] = HEXLOW, ['g' ... 'z'] = LOWER,
	['{'] = ATEXT, ['|'] = ATEXT, ['}'] = ATEXT, ['~'] = ATEXT,
	[127] = CHAR_CONTROL,
	[128 ... 255] = CHAR_UTF8,
};

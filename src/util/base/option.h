/*
 * option: the options of a command line as a table of letters.
 *
 * A row says where its letter goes: into a member of the caller's struct, or to a function. Values are borrowed from
 * argv. getopt(3) does the splitting: optind then names the first operand, and with opterr 0 nothing is printed.
 */
#ifndef UTIL_BASE_OPTION_H
#define UTIL_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind { OPTION_IS_FLAG, OPTION_IS_COUNT, OPTION_IS_TEXT, OPTION_IS_CALL };

struct option_row {
	int letter;
	enum option_kind kind;
	size_t offset;						/* of the member; CALL has none */
	void (*call)(void *out, int letter, const char *value);	/* value: NULL for a letter without one */
};

#define OPTION_FLAG(letter, type, member)	{ letter, OPTION_IS_FLAG, offsetof(type, member), NULL }	/* bool */
#define OPTION_COUNT(letter, type, member)	{ letter, OPTION_IS_COUNT, offsetof(type, member), NULL }	/* int */
#define OPTION_TEXT(letter, type, member)	{ letter, OPTION_IS_TEXT, offsetof(type, member), NULL }	/* const char * */
#define OPTION_CALL(letter, function)		{ letter, OPTION_IS_CALL, 0, function }
#define OPTION_END				{ 0, OPTION_IS_CALL, 0, NULL }

/*
 * Reads the options that letters allows, in the form of getopt(3), in their order. False at the first one that is
 * unknown or lacks its value; its letter is in optopt then.
 */
bool	options_parse(int argc, char **argv, const char *letters, const struct option_row *rows, void *out);

#endif

/*
 * library: shared libraries that are loaded when they are first needed.
 *
 * What a program links, it pays for each time it starts, whether it is used or not: some 0.2 ms for a small library,
 * 2 ms for a large one. sendmail starts once for each message, so what few installations use is not linked. The types of
 * the functions come from the library's own header, the name of its file from dev/configure.
 *
 *	static struct {
 *		__typeof__(cdb_init) *init;
 *	} cdb;
 *	static const struct library_function functions[] = { { "cdb_init", &cdb.init }, { NULL } };
 *
 *	if (library_load(CDB_LIBRARY, functions, why) && cdb.init(…
 *
 * A process that gives up its view of the file system loads before it does.
 */
#ifndef UTIL_PROCESS_LIBRARY_H
#define UTIL_PROCESS_LIBRARY_H

#include "util/text/buf.h"

struct library_function {
	const char *name;			/* NULL ends the list */
	void *pointer;				/* to the pointer that is set */
};

/* All of the functions or none; the second call costs nothing. The library stays for the life of the process. */
bool	library_load(const char *file, const struct library_function *functions, struct buf *why);

#endif

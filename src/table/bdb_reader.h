/*
 * bdb_reader: the pairs of a Berkeley DB hash or btree file, read without the library: for systems that have left it and
 * still have files of it. The file is a view; whatever stands in it, nothing outside is touched and the end is reached.
 *
 * Read: what postmap ever made, in files of releases 3.1 to 18.1 (btree versions 8 to 10, hash versions 7 to 10), long
 * keys and values included. Not read: duplicates, encryption, checksums, partitions, the other byte order.
 */
#ifndef TABLE_BDB_READER_H
#define TABLE_BDB_READER_H

#include "util/text/buf.h"

/* false: enough. The views last until it returns. */
typedef bool	bdb_pair(void *arg, struct view key, struct view value);

/* Hash files in the order of pages, btree files in the order of keys. False: not read to its end, and why. */
bool	bdb_read(struct view file, bdb_pair *each, void *arg, struct buf *why);

#endif

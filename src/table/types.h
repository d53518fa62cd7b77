/*
 * types: the table types of this folder.
 */
#ifndef TABLE_TYPES_H
#define TABLE_TYPES_H

#include "table/type.h"

extern const struct table_type table_hash, table_btree, table_lmdb, table_cdb, table_texthash, table_inline, table_internal,
    table_static, table_environ, table_fail, table_debug, table_cidr, table_regexp, table_pcre, table_pipemap,
    table_unionmap, table_randmap, table_unix, table_tcp, table_socketmap, table_memcache;

#endif

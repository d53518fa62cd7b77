/*
 * support: a scratch folder, table sources in it, caught warnings, and lookups that read as one line.
 */
#ifndef TESTS_UNIT_TABLE_SUPPORT_H
#define TESTS_UNIT_TABLE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "table/table.h"
#include "util/log/log.h"

static struct buf scratch;		/* the folder */
static struct buf warnings;		/* one a line */
static const struct table_env env = {
	.utf8 = true,
	.lmdb_map_size = 1 << 20,
	.bdb_read_cache = 131072,
	.bdb_create_cache = 1 << 20,
	.default_type = "texthash",
};

static void
catch(enum log_level level, struct view text, void *arg)
{
	buf_printf(&warnings, "%s%.*s\n", log_prefix(level), VIEW_ARG(text));
}

static int
scratch_open(void **state)
{
	char name[] = "/tmp/table_test.XXXXXX";

	log_open("test", 0);
	log_to_syslog(false);
	log_to_stderr(false);
	log_add_sink(catch, NULL);
	if (mkdtemp(name) == NULL)
		return -1;
	buf_puts(&scratch, name);
	return 0;
}

static int
scratch_close(void **state)
{
	DIR *dir = opendir(buf_c(&scratch));
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(buf_c(&scratch));
	buf_fini(&scratch);
	buf_fini(&warnings);
	return 0;
}

/* "hash:/tmp/…/name" */
static inline const char *
in_scratch(const char *type, const char *name)
{
	static struct buf text;

	buf_reset(&text);
	buf_printf(&text, "%s%s/%s", type, buf_c(&scratch), name);
	return buf_c(&text);
}

static inline void
write_source(const char *name, const char *content)
{
	int fd = open(in_scratch("", name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

static inline struct table *
open_table(const char *name, unsigned flags)
{
	return table_open(&env, view_string(name), flags);
}

/* The value, "(none)" or "(retry)"; valid until the next call. */
static inline const char *
look(struct table *table, const char *key)
{
	static struct buf value;
	struct buf why = BUF_INIT;
	enum lookup result = table_lookup(table, view_string(key), &value, &why);

	assert_int_equal(why.len > 0, result == LOOKUP_RETRY);
	buf_fini(&why);
	return result == LOOKUP_FOUND ? buf_c(&value) : result == LOOKUP_NONE ? "(none)" : "(retry)";
}

#define assert_warned(part)	assert_non_null(strstr(buf_c(&warnings), part))
#define assert_quiet()		assert_string_equal(buf_c(&warnings), "")

#endif

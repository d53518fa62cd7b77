#include "global/queue/queue_scan.h"

#include <dirent.h>
#include <sys/stat.h>

struct level {
	DIR *directory;
	size_t path_len;	/* of the directory, without '/' */
};

struct queue_scan {
	struct level *levels;	/* the innermost last */
	size_t depth;
	struct buf path;	/* of the directory, or of the file that was found in it */
	bool flush;		/* names may hold '_' */
	bool any;		/* names are not looked at */
};

/* Deeper than any hash_queue_depth that makes sense: a loop made by bind mounts ends here. */
enum { DEPTH_MAX = 32 };

static void
enter(struct queue_scan *scan)
{
	DIR *directory;

	if (scan->depth == DEPTH_MAX || (directory = opendir(buf_c(&scan->path))) == NULL)
		return;
	scan->levels = mem_resize(scan->levels, (scan->depth + 1) * sizeof(*scan->levels));
	scan->levels[scan->depth++] = (struct level){ directory, scan->path.len };
}

static void
leave(struct queue_scan *scan)
{
	closedir(scan->levels[--scan->depth].directory);
}

struct queue_scan *
queue_scan_open(const char *queue)
{
	struct queue_scan *scan = mem_new(sizeof(*scan));

	buf_puts(&scan->path, queue);
	scan->flush = strcmp(queue, QUEUE_FLUSH) == 0;
	enter(scan);
	return scan;
}

struct queue_scan *
queue_scan_open_any(const char *queue)
{
	struct queue_scan *scan = queue_scan_open(queue);

	scan->any = true;
	return scan;
}

static bool
name_wanted(const struct queue_scan *scan, struct view name)
{
	if (scan->any)
		return !view_is(name, ".") && !view_is(name, "..");
	if (name.len == 1 && name.data[0] == '_')
		return true;
	return scan->flush ? queue_flush_name_valid(name) : queue_id_valid(name);
}

static bool
is_directory(const struct queue_scan *scan, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return lstat(buf_c(&scan->path), &st) == 0 && S_ISDIR(st.st_mode);
}

/* Looks at one directory entry: true when it names a file of the queue. Hash directories have names of one character. */
static bool
take_entry(struct queue_scan *scan, const struct level *level, const struct dirent *entry, struct view *id)
{
	struct view name = view_string(entry->d_name);

	if (!name_wanted(scan, name))
		return false;
	buf_truncate(&scan->path, level->path_len);
	buf_putc(&scan->path, '/');
	buf_putv(&scan->path, name);
	if (is_directory(scan, entry)) {
		if (name.len == 1)
			enter(scan);
		return false;
	}
	*id = view_slice(buf_view(&scan->path), level->path_len + 1, scan->path.len);
	return true;
}

bool
queue_scan_next(struct queue_scan *scan, struct view *id, struct view *path)
{
	const struct dirent *entry;

	while (scan->depth > 0) {
		struct level level = scan->levels[scan->depth - 1];

		if ((entry = readdir(level.directory)) == NULL) {
			leave(scan);
		} else if (take_entry(scan, &level, entry, id)) {
			*path = buf_view(&scan->path);
			return true;
		}
	}
	return false;
}

void
queue_scan_close(struct queue_scan *scan)
{
	if (scan == NULL)
		return;
	while (scan->depth > 0)
		leave(scan);
	mem_free(scan->levels);
	buf_fini(&scan->path);
	mem_free(scan);
}

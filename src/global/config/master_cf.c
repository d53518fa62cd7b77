#include "global/config/master_cf.h"

#include <limits.h>

#include "global/config/compatibility.h"
#include "global/config/config.h"
#include "global/config/expand.h"
#include "global/config/logical_line.h"
#include "global/config/main_cf.h"

enum { NAME, TYPE, PRIVATE, UNPRIVILEGED, CHROOT, WAKEUP, PROCESS_LIMIT, COMMAND, FIELDS };

static const char *const type_names[] = {
	[MASTER_INET] = "inet",
	[MASTER_UNIX] = "unix",
	[MASTER_UNIX_DGRAM] = "unix-dgram",
	[MASTER_FIFO] = "fifo",
	[MASTER_PASS] = "pass",
};

const char *
master_type_name(enum master_type type)
{
	return type_names[type];
}

bool
master_type_find(struct view name, enum master_type *type)
{
	for (size_t i = 0; i < ARRAY_COUNT(type_names); i++)
		if (view_is(name, type_names[i])) {
			*type = (enum master_type)i;
			return true;
		}
	return false;
}

/* -- names ----------------------------------------------------------------------------------------------------------- */

/* The ports of mail that known_tcp_ports names, so that two spellings of one endpoint are seen as one. */
static struct view
port_number(struct view port)
{
	static const struct {
		struct view name, number;
	} ports[] = {
		{ VIEW_INIT("lmtp"), VIEW_INIT("24") },
		{ VIEW_INIT("smtp"), VIEW_INIT("25") },
		{ VIEW_INIT("smtps"), VIEW_INIT("465") },
		{ VIEW_INIT("submissions"), VIEW_INIT("465") },
		{ VIEW_INIT("submission"), VIEW_INIT("587") },
	};

	for (size_t i = 0; i < ARRAY_COUNT(ports); i++)
		if (view_equal(ports[i].name, port))
			return ports[i].number;
	return port;
}

bool
master_name_equal(enum master_type type, struct view a, struct view b)
{
	struct view host_a = VIEW_EMPTY, host_b = VIEW_EMPTY, port_a = a, port_b = b;

	if (type != MASTER_INET || view_equal(a, b))
		return view_equal(a, b);
	view_rsplit(a, ':', &host_a, &port_a);
	view_rsplit(b, ':', &host_b, &port_b);
	return view_equal_nocase(host_a, host_b) && view_equal(port_number(port_a), port_number(port_b));
}

/* -- columns --------------------------------------------------------------------------------------------------------- */

static const char *const field_names[FIELDS] = {
	"service", "type", "private", "unprivileged", "chroot", "wakeup", "process_limit", "command",
};

static bool
bad_field(int field, struct view text, const char *expected, struct buf *why)
{
	why_set(why, "%s field \"%.*s\": must be %s", field_names[field], VIEW_ARG(text), expected);
	return false;
}

static bool
flag_field(int field, struct view text, bool by_default, bool *out, struct buf *why)
{
	if (view_is(text, "-"))
		*out = by_default;
	else if (view_is(text, "y") || view_is(text, "n"))
		*out = view_is(text, "y");
	else
		return bad_field(field, text, "y, n or -", why);
	return true;
}

/* wakeup = "-" / 1*DIGIT [ "?" ] */
static bool
wakeup_field(struct view text, struct master_entry *entry, struct buf *why)
{
	struct view number = text;
	unsigned long long seconds;

	entry->wakeup_sec = 0;
	if (view_is(text, "-"))
		return true;
	entry->wakeup_if_used = view_ends(text, VIEW("?"));
	number.len -= entry->wakeup_if_used;
	if (!view_number(number, &seconds) || seconds > INT_MAX / 1000)
		return bad_field(WAKEUP, text, "a number of seconds, with ? behind it or not, or -", why);
	entry->wakeup_sec = (int)seconds;
	return true;
}

static bool
limit_field(struct view text, int *out, struct buf *why)
{
	unsigned long long limit;

	*out = -1;
	if (view_is(text, "-"))
		return true;
	if (!view_number(text, &limit) || limit > INT_MAX)
		return bad_field(PROCESS_LIMIT, text, "a number of processes, 0 for any number, or -", why);
	*out = (int)limit;
	return true;
}

static bool
read_fields(struct master_entry *entry, struct view fields[FIELDS], struct buf *why)
{
	if (!master_type_find(fields[TYPE], &entry->type))
		return bad_field(TYPE, fields[TYPE], "inet, unix, unix-dgram, fifo or pass", why);
	return flag_field(PRIVATE, fields[PRIVATE], true, &entry->private_, why) &&
	    flag_field(UNPRIVILEGED, fields[UNPRIVILEGED], true, &entry->unprivileged, why) &&
	    flag_field(CHROOT, fields[CHROOT], false, &entry->chroot, why) &&
	    wakeup_field(fields[WAKEUP], entry, why) && limit_field(fields[PROCESS_LIMIT], &entry->process_limit, why);
}

/* -- command --------------------------------------------------------------------------------------------------------- */

/* Length of the "{ … }" at the start, braces included; 0: its end is missing. */
static size_t
brace_length(struct view text)
{
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		depth += text.data[i] == '{';
		if (text.data[i] == '}' && --depth == 0)
			return i + 1;
	}
	return 0;
}

static bool
braced_argument(struct view text, struct view *argument, size_t *length, struct buf *why)
{
	*length = brace_length(text);
	if (*length == 0 || (*length < text.len && !char_is(text.data[*length], CHAR_SPACE))) {
		why_set(why, "%s in \"%.*s\"", *length == 0 ? "missing '}'" : "text after '}'", VIEW_ARG(text));
		return false;
	}
	*argument = view_trim(view_slice(text, 1, *length - 1));
	return true;
}

/* One argument: up to a blank, or "{ text with blanks }". *found false: there is none left. */
static bool
next_argument(struct view *rest, struct view *argument, bool *found, struct buf *why)
{
	struct view text = view_trim(*rest);
	size_t length;

	*found = !view_empty(text);
	if (*found && text.data[0] == '{') {
		if (!braced_argument(text, argument, &length, why))
			return false;
	} else {
		ptrdiff_t blank = view_find_any(text, " \t\r\n\v\f");

		length = blank >= 0 ? (size_t)blank : text.len;
		*argument = view_slice(text, 0, length);
	}
	*rest = view_slice(text, length, text.len);
	return true;
}

static bool
count_arguments(struct view command, int *count, struct buf *why)
{
	struct view argument;
	bool found;

	for (*count = 0; next_argument(&command, &argument, &found, why); ++*count)
		if (!found)
			return true;
	return false;
}

static bool
read_command(struct arena *arena, struct master_entry *entry, struct view command, struct buf *why)
{
	struct view argument;
	bool found;

	if (!count_arguments(command, &entry->argc, why))
		return false;
	entry->argv = arena_alloc_array(arena, (size_t)entry->argc + 1, sizeof(char *));
	for (int i = 0; i < entry->argc && next_argument(&command, &argument, &found, why); i++)
		entry->argv[i] = arena_string(arena, argument);
	entry->command = entry->argv[0];
	return true;
}

/* -- the file -------------------------------------------------------------------------------------------------------- */

static bool
split_fields(struct view line, struct view fields[FIELDS], struct buf *why)
{
	for (int i = 0; i < COMMAND; i++)
		if (!view_word(&line, " \t\r\n\v\f", &fields[i])) {
			why_set(why, "bad field count: the %s is missing", field_names[i]);
			return false;
		}
	fields[COMMAND] = view_trim(line);
	if (!view_empty(fields[COMMAND]))
		return true;
	why_set(why, "bad field count: the %s is missing", field_names[COMMAND]);
	return false;
}

static struct master_entry *
read_entry(struct arena *arena, struct view line, int number, struct buf *why)
{
	struct master_entry *entry = arena_alloc(arena, sizeof(*entry));
	struct view fields[FIELDS];

	if (!split_fields(line, fields, why) || !read_fields(entry, fields, why) ||
	    !read_command(arena, entry, fields[COMMAND], why))
		return NULL;
	for (int i = 0; i < FIELDS; i++)
		entry->fields[i] = arena_string(arena, fields[i]);
	entry->name = entry->fields[NAME];
	entry->line = number;
	return entry;
}

static void
add_entry(struct master_cf *cf, struct master_entry *entry)
{
	LIST_FOREACH(old, &cf->entries, struct master_entry, link) {
		if (old->type != entry->type ||
		    !master_name_equal(entry->type, view_string(old->name), view_string(entry->name)))
			continue;
		list_insert_before(&old->link, &entry->link);
		list_remove(&old->link);
		return;
	}
	list_append(&cf->entries, &entry->link);
}

static bool
parse_lines(struct master_cf *cf, struct line_reader *reader, bool replace, struct logical_line *line, struct buf *why)
{
	struct buf reason = BUF_INIT;
	enum line_result result;

	while ((result = line_next(reader, line, why)) == LINE_READ) {
		struct master_entry *entry = read_entry(&cf->arena, buf_view(&line->text), line->number, &reason);

		if (entry == NULL) {
			why_set(why, "%s: line %d: %s", reader->path, line->number, buf_c(&reason));
			result = LINE_BAD;
			break;
		}
		if (replace)
			add_entry(cf, entry);
		else
			list_append(&cf->entries, &entry->link);
	}
	buf_fini(&reason);
	return result == LINE_END;
}

static struct master_cf *
parse(struct view text, const char *path, bool replace, struct buf *why)
{
	struct master_cf *cf = mem_new(sizeof(*cf));
	struct logical_line line = { BUF_INIT, 0 };
	struct line_reader reader;
	bool good;

	list_init(&cf->entries);
	arena_init(&cf->arena);
	line_reader_init(&reader, text, path);
	good = parse_lines(cf, &reader, replace, &line, why);
	buf_fini(&line.text);
	if (good)
		return cf;
	master_cf_free(cf);
	return NULL;
}

struct master_cf *
master_cf_parse(struct view text, const char *path, struct buf *why)
{
	return parse(text, path, true, why);
}

static struct master_cf *
load(const char *path, bool replace, struct buf *why)
{
	struct master_cf *cf = NULL;
	struct file_identity id;
	struct buf text = BUF_INIT;

	if (main_cf_read(path, &text, &id, why))
		cf = parse(buf_view(&text), path, replace, why);
	buf_fini(&text);
	return cf;
}

struct master_cf *
master_cf_load(const char *path, struct buf *why)
{
	return load(path, true, why);
}

struct master_cf *
master_cf_load_lines(const char *path, struct buf *why)
{
	return load(path, false, why);
}

void
master_cf_free(struct master_cf *cf)
{
	if (cf == NULL)
		return;
	arena_fini(&cf->arena);
	mem_free(cf);
}

void
master_cf_set_chroot(struct master_cf *cf, struct config *config,
    void (*each)(const struct master_entry *entry, void *arg), void *arg)
{
	if (!compatibility_below(config, "1"))
		return;
	LIST_FOREACH(entry, &cf->entries, struct master_entry, link) {
		if (strcmp(entry->fields[CHROOT], "-") != 0)
			continue;
		entry->chroot = true;
		if (each != NULL)
			each(entry, arg);
	}
}

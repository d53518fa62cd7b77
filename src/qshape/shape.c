#include "qshape/shape.h"

#include <stdlib.h>

#include "util/base/hash.h"
#include "util/base/mem.h"
#include "util/text/chars.h"

enum { COLUMN_MIN = 2, WIDTH_MIN = 80 };

struct row {
	char *name;
	bool parent;			/* counts what is below it */
	unsigned long long domains;	/* below it */
	unsigned long long sum, counts[];
};

struct shape {
	struct shape_settings settings;
	size_t columns;
	struct hash *rows;		/* by name; parents have a dot in front */
	struct row *total;
	struct buf name;		/* scratch */
};

struct shape *
shape_new(const struct shape_settings *settings)
{
	struct shape *shape = mem_new(sizeof(*shape));

	shape->settings = *settings;
	shape->columns = (size_t)settings->buckets;
	shape->rows = hash_new();
	shape->total = mem_new(sizeof(struct row) + shape->columns * sizeof(unsigned long long));
	shape->total->name = mem_string("TOTAL");
	return shape;
}

static void
free_row(void *arg)
{
	struct row *row = arg;

	mem_free(row->name);
	mem_free(row);
}

void
shape_free(struct shape *shape)
{
	hash_free(shape->rows, free_row);
	free_row(shape->total);
	buf_fini(&shape->name);
	mem_free(shape);
}

/* -- counting --------------------------------------------------------------------------------------------------------- */

static unsigned long long
limit_minutes(const struct shape *shape, size_t column)
{
	unsigned long long first = (unsigned long long)shape->settings.first_minutes;

	return shape->settings.linear ? first * (column + 1) : first << column;
}

static size_t
column_of(const struct shape *shape, long long age_sec)
{
	size_t column = 0;

	while (column + 1 < shape->columns && age_sec >= 0
	    && (unsigned long long)age_sec >= limit_minutes(shape, column) * 60)
		column++;
	return column;
}

static struct row *
row_of(struct shape *shape, struct view name, bool parent)
{
	struct row *row = hash_get(shape->rows, name);
	struct buf copy = BUF_INIT;

	if (row == NULL) {
		buf_putv(&copy, name);
		row = mem_new(sizeof(*row) + shape->columns * sizeof(unsigned long long));
		row->name = buf_detach(&copy);
		row->parent = parent;
		hash_put(shape->rows, name, row);
	}
	return row;
}

static void
add(struct row *row, size_t column)
{
	row->sum++;
	row->counts[column]++;
}

/* Top level domains stand for nobody. */
static void
count_parents(struct shape *shape, struct view domain, size_t column, bool is_new)
{
	struct view label, rest = domain;

	while (view_split(rest, '.', &label, &rest) && view_find(rest, '.') > 0) {
		struct row *row = row_of(shape, view_bytes(rest.data - 1, rest.len + 1), true);

		row->domains += is_new;
		add(row, column);
	}
}

static void
count_domain(struct shape *shape, size_t column)
{
	struct view name = buf_view(&shape->name);
	struct row *row = row_of(shape, name, false);
	bool is_new = row->sum == 0;

	add(row, column);
	if (shape->settings.parents)
		count_parents(shape, name, column, is_new);
}

void
shape_count(struct shape *shape, struct view address, long long age_sec)
{
	size_t column = column_of(shape, age_sec);
	struct view local, domain;

	if (view_empty(address))
		domain = VIEW("MAILER-DAEMON");
	else if (!view_rsplit(address, '@', &local, &domain) || view_empty(domain))
		domain = VIEW("localhost");
	buf_set(&shape->name, domain);
	if (!view_empty(address))
		buf_lower(&shape->name);
	add(shape->total, column);
	count_domain(shape, column);
}

unsigned long long
shape_total(const struct shape *shape)
{
	return shape->total->sum;
}

/* -- the table -------------------------------------------------------------------------------------------------------- */

struct layout {
	const struct shape *shape;
	const struct row **rows;
	size_t count;
	size_t sum_width, *widths, name_width;
};

static bool
collect(struct view name, void *value, void *arg)
{
	struct layout *layout = arg;
	const struct row *row = value;

	if (!row->parent || row->domains >= (unsigned long long)layout->shape->settings.parent_min)
		layout->rows[layout->count++] = row;
	return true;
}

/* Most first; then by name, parents in front of what is below them. */
static int
compare(const void *a, const void *b)
{
	const struct row *left = *(const struct row *const *)a, *right = *(const struct row *const *)b;

	if (left->sum != right->sum)
		return left->sum > right->sum ? -1 : 1;
	return strcmp(left->name, right->name);
}

static size_t
digits(unsigned long long number)
{
	size_t n = 1;

	while ((number /= 10) > 0)
		n++;
	return n > COLUMN_MIN ? n : COLUMN_MIN;
}

static void
put_heading(const struct shape *shape, size_t column, struct buf *out)
{
	bool last = column + 1 == shape->columns;

	buf_printf(out, "%llu%s", limit_minutes(shape, column - (last && column > 0)), last ? "+" : "");
}

static size_t
heading_width(const struct shape *shape, size_t column)
{
	struct buf text = BUF_INIT;
	size_t width;

	put_heading(shape, column, &text);
	width = text.len;
	buf_fini(&text);
	return width;
}

/* No row has more in a column than the total. */
static void
measure(struct layout *layout)
{
	const struct shape *shape = layout->shape;
	size_t width = (size_t)(shape->settings.width > WIDTH_MIN ? shape->settings.width : WIDTH_MIN), used;

	layout->sum_width = digits(shape->total->sum);
	used = layout->sum_width + 1;
	for (size_t i = 0; i < shape->columns; i++) {
		size_t heading = heading_width(shape, i), most = digits(shape->total->counts[i]);

		layout->widths[i] = heading > most ? heading : most;
		used += layout->widths[i] + 1;
	}
	layout->name_width = width > used + 1 ? width - used : 1;
}

/* What does not fit loses its beginning, for which "+" stands. */
static void
put_name(const struct layout *layout, const char *name, struct buf *out)
{
	struct view rest = view_string(name);
	bool cut = rest.len > layout->name_width;

	if (cut)
		rest = view_slice(rest, rest.len - (layout->name_width - 1), rest.len);
	buf_putn(out, ' ', layout->name_width - rest.len - cut);
	buf_printf(out, "%s%.*s", cut ? "+" : "", VIEW_ARG(rest));
}

static void
put_row(const struct layout *layout, const struct row *row, struct buf *out)
{
	put_name(layout, row->name, out);
	buf_printf(out, " %*llu", (int)layout->sum_width, row->sum);
	for (size_t i = 0; i < layout->shape->columns; i++)
		buf_printf(out, " %*llu", (int)layout->widths[i], row->counts[i]);
	buf_putc(out, '\n');
}

static void
put_headings(const struct layout *layout, struct buf *out)
{
	struct buf text = BUF_INIT;

	buf_printf(out, "%*s %*s", (int)layout->name_width, "", (int)layout->sum_width, "T");
	for (size_t i = 0; i < layout->shape->columns; i++) {
		buf_reset(&text);
		put_heading(layout->shape, i, &text);
		buf_printf(out, " %*s", (int)layout->widths[i], buf_c(&text));
	}
	buf_putc(out, '\n');
	buf_fini(&text);
}

void
shape_print(const struct shape *shape, size_t rows_max, struct buf *out)
{
	struct layout layout = { .shape = shape };

	layout.rows = mem_new((hash_count(shape->rows) + 1) * sizeof(*layout.rows));
	layout.widths = mem_new(shape->columns * sizeof(*layout.widths));
	hash_each(shape->rows, collect, &layout);
	qsort(layout.rows, layout.count, sizeof(*layout.rows), compare);
	measure(&layout);
	put_headings(&layout, out);
	put_row(&layout, shape->total, out);
	for (size_t i = 0; i < layout.count && (rows_max == 0 || i < rows_max); i++)
		put_row(&layout, layout.rows[i], out);
	mem_free(layout.rows);
	mem_free(layout.widths);
}

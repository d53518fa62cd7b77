#include "table/bdb_reader.h"

#include "util/text/cursor.h"

/*
 * A file is a sequence of pages of one size; the first describes the rest. All numbers have the byte order of the
 * machine that made the file. Pages begin with:
 *
 *	 0 place in the log (8)		16 next page (4)		24 level, 1 is a leaf (1)
 *	 8 own number (4)		20 number of items (2)		25 kind (1)
 *	12 previous page (4)		22 bytes used, or free (2)	26 offsets of the items (2 each)
 *
 * The first page instead:	12 magic (4)	16 version (4)	20 page size (4)	24 encryption (1)	25 kind (1)
 *	26 flags (1)		32 last page (4)		88 root of a btree (4)
 */
enum {
	BTREE_MAGIC	= 0x00053162,
	HASH_MAGIC	= 0x00061561,

	AT_NEXT		= 16,
	AT_ITEMS	= 20,
	AT_USED		= 22,
	AT_KIND		= 25,
	HEADER		= 26,

	META_MAGIC	= 12,
	META_VERSION	= 16,
	META_PAGE_SIZE	= 20,
	META_ENCRYPTION	= 24,
	META_FLAGS	= 26,		/* checksums and partitions */
	META_ROOT	= 88,
	META_SIZE	= 512,

	PAGE_SIZE_MIN	= 512,
	PAGE_SIZE_MAX	= 65536,
	DEPTH_MAX	= 64,
	ITEM_MAX	= 64 * 1024 * 1024,

	KIND_HASH_UNSORTED = 2,
	KIND_BTREE_INNER = 3,
	KIND_BTREE_LEAF	= 5,
	KIND_OVERFLOW	= 7,
	KIND_HASH	= 13,

	BTREE_PLAIN	= 1,		/* in a leaf: length (2), one of these (1), bytes */
	BTREE_OVERFLOW	= 3,		/* … unused (2), this (1), unused (1), page (4), length (4) */
	BTREE_DELETED	= 0x80,		/* a flag */
	HASH_PLAIN	= 1,		/* one of these (1), bytes up to the item before */
	HASH_OVERFLOW	= 3,		/* … this (1), unused (3), page (4), length (4) */
	REFERENCE_SIZE	= 12,
};

struct reader {
	struct view file;
	size_t page_size, pages;
	bdb_pair *each;
	void *arg;
	struct buf key, value;		/* long ones are put together here */
	struct buf *why;
	bool enough;
};

/* -- bounds ----------------------------------------------------------------------------------------------------------- */

static bool
damaged(struct reader *r, const char *what, size_t page)
{
	why_set(r->why, "damaged database: %s, page %zu", what, page);
	return false;
}

static bool
number16(struct view in, size_t at, size_t *out)
{
	uint16_t number;

	if (at + sizeof(number) > in.len)
		return false;
	memcpy(&number, in.data + at, sizeof(number));
	*out = number;
	return true;
}

static bool
number32(struct view in, size_t at, size_t *out)
{
	uint32_t number;

	if (at + sizeof(number) > in.len)
		return false;
	memcpy(&number, in.data + at, sizeof(number));
	*out = number;
	return true;
}

static unsigned
byte_at(struct view in, size_t at)
{
	return at < in.len ? (unsigned char)in.data[at] : 0;
}

/* Empty when the file has no such page. */
static struct view
page_at(const struct reader *r, size_t n)
{
	return n < r->pages ? view_slice(r->file, n * r->page_size, (n + 1) * r->page_size) : VIEW_EMPTY;
}

static size_t
item_count(struct view page)
{
	size_t count = 0;

	number16(page, AT_ITEMS, &count);
	return count;
}

/* Where an item begins. False: in the header, or outside. */
static bool
item_offset(struct view page, size_t i, size_t *out)
{
	return number16(page, HEADER + 2 * i, out) && *out >= HEADER && *out < page.len;
}

/* -- long items ------------------------------------------------------------------------------------------------------- */

/* A chain of pages: each holds a part and the number of the next. It cannot be longer than the file. */
static bool
read_chain(struct reader *r, size_t first, size_t length, struct buf *out, struct view *item)
{
	size_t page_number = first;

	buf_reset(out);
	if (length > ITEM_MAX || length > r->file.len)
		return damaged(r, "an item is too long", first);
	for (size_t turn = 0; out->len < length && turn < r->pages; turn++) {
		struct view page = page_at(r, page_number);
		size_t used = 0;

		if (page_number == 0 || byte_at(page, AT_KIND) != KIND_OVERFLOW || !number16(page, AT_USED, &used) ||
		    used > page.len - HEADER)
			return damaged(r, "a long item is not where it should be", page_number);
		buf_putv(out, view_slice(page, HEADER, HEADER + used));
		number32(page, AT_NEXT, &page_number);
	}
	*item = buf_view(out);
	return out->len == length || damaged(r, "a long item has another length", first);
}

static bool
read_reference(struct reader *r, struct view from, size_t page, struct buf *out, struct view *item)
{
	size_t first, length;

	if (!number32(from, 4, &first) || !number32(from, 8, &length))
		return damaged(r, "an item is cut off", page);
	return read_chain(r, first, length, out, item);
}

static void
give(struct reader *r, struct view key, struct view value)
{
	r->enough = !r->each(r->arg, key, value);
}

/* -- hash ------------------------------------------------------------------------------------------------------------- */

/* Items lie behind each other from the end of the page downwards. */
static bool
hash_item(struct reader *r, struct view page, size_t number, size_t i, struct buf *out, struct view *item)
{
	size_t from, to = page.len;
	struct view bytes;

	if (!item_offset(page, i, &from) || (i > 0 && !item_offset(page, i - 1, &to)) || from >= to)
		return damaged(r, "an item is not where it should be", number);
	bytes = view_slice(page, from, to);
	switch (byte_at(bytes, 0)) {
	case HASH_PLAIN:
		*item = view_slice(bytes, 1, bytes.len);
		return true;
	case HASH_OVERFLOW:
		return read_reference(r, bytes, number, out, item);
	default:
		return damaged(r, "an item of a kind that is not supported", number);
	}
}

static bool
read_hash_page(struct reader *r, struct view page, size_t number)
{
	size_t count = item_count(page);
	struct view key, value;

	if (count % 2 != 0)
		return damaged(r, "a key without value", number);
	for (size_t i = 0; i < count && !r->enough; i += 2) {
		if (!hash_item(r, page, number, i, &r->key, &key) ||
		    !hash_item(r, page, number, i + 1, &r->value, &value))
			return false;
		give(r, key, value);
	}
	return true;
}

/* Which bucket a page belongs to does not matter to who wants them all; free pages are of another kind. */
static bool
read_hash(struct reader *r)
{
	for (size_t n = 1; n < r->pages && !r->enough; n++) {
		struct view page = page_at(r, n);
		unsigned kind = byte_at(page, AT_KIND);

		if ((kind == KIND_HASH || kind == KIND_HASH_UNSORTED) && !read_hash_page(r, page, n))
			return false;
	}
	return true;
}

/* -- btree ------------------------------------------------------------------------------------------------------------ */

static bool
btree_item(struct reader *r, struct view page, size_t number, size_t i, struct buf *out, struct view *item, bool *deleted)
{
	size_t from, length;
	struct view bytes;
	unsigned kind;

	if (!item_offset(page, i, &from))
		return damaged(r, "an item is not where it should be", number);
	bytes = view_slice(page, from, page.len);
	kind = byte_at(bytes, 2);
	*deleted = (kind & BTREE_DELETED) != 0;
	switch (kind & ~(unsigned)BTREE_DELETED) {
	case BTREE_PLAIN:
		if (!number16(bytes, 0, &length) || length > bytes.len - 3)
			return damaged(r, "an item is cut off", number);
		*item = view_slice(bytes, 3, 3 + length);
		return true;
	case BTREE_OVERFLOW:
		return read_reference(r, bytes, number, out, item);
	default:
		return damaged(r, "an item of a kind that is not supported", number);
	}
}

static bool
read_leaf(struct reader *r, struct view page, size_t number)
{
	size_t count = item_count(page);
	bool key_deleted, deleted;
	struct view key, value;

	if (count % 2 != 0)
		return damaged(r, "a key without value", number);
	for (size_t i = 0; i < count && !r->enough; i += 2) {
		if (!btree_item(r, page, number, i, &r->key, &key, &key_deleted) ||
		    !btree_item(r, page, number, i + 1, &r->value, &value, &deleted))
			return false;
		if (!key_deleted && !deleted)
			give(r, key, value);
	}
	return true;
}

/* Goes down to the leaf of the smallest key: the first item of each inner page leads there. */
static bool
first_leaf(struct reader *r, size_t *number)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		struct view page = page_at(r, *number);
		unsigned kind = byte_at(page, AT_KIND);
		size_t from;

		if (kind == KIND_BTREE_LEAF)
			return true;
		if (kind != KIND_BTREE_INNER || item_count(page) == 0 || !item_offset(page, 0, &from) ||
		    !number32(page, from + 4, number))
			break;
	}
	return damaged(r, "the tree leads nowhere", *number);
}

/* Leaves name their successors; there are no more of them than pages. */
static bool
read_btree(struct reader *r)
{
	size_t number = 0;

	if (!number32(r->file, META_ROOT, &number) || !first_leaf(r, &number))
		return false;
	for (size_t turn = 0; number != 0 && !r->enough; turn++) {
		struct view page = page_at(r, number);

		if (turn == r->pages || byte_at(page, AT_KIND) != KIND_BTREE_LEAF)
			return damaged(r, "the leaves lead nowhere", number);
		if (!read_leaf(r, page, number))
			return false;
		number32(page, AT_NEXT, &number);
	}
	return true;
}

/* -- the file --------------------------------------------------------------------------------------------------------- */

static bool
read_meta(struct reader *r, size_t *magic)
{
	size_t version = 0;

	if (r->file.len < META_SIZE) {
		why_set(r->why, "not a database: only %zu bytes", r->file.len);
		return false;
	}
	number32(r->file, META_MAGIC, magic);
	number32(r->file, META_VERSION, &version);
	number32(r->file, META_PAGE_SIZE, &r->page_size);
	if (!(*magic == BTREE_MAGIC && version >= 8 && version <= 10) &&
	    !(*magic == HASH_MAGIC && version >= 7 && version <= 10)) {
		why_set(r->why, "not a hash or btree database that can be read here");
		return false;
	}
	if (byte_at(r->file, META_ENCRYPTION) != 0 || byte_at(r->file, META_FLAGS) != 0) {
		why_set(r->why, "databases with encryption, checksums or partitions are not supported");
		return false;
	}
	if (r->page_size < PAGE_SIZE_MIN || r->page_size > PAGE_SIZE_MAX || (r->page_size & (r->page_size - 1)) != 0)
		return damaged(r, "the page size cannot be", 0);
	r->pages = r->file.len / r->page_size;
	return true;
}

bool
bdb_read(struct view file, bdb_pair *each, void *arg, struct buf *why)
{
	struct reader r = { .file = file, .each = each, .arg = arg, .why = why };
	size_t magic = 0;
	bool good = read_meta(&r, &magic) && (magic == HASH_MAGIC ? read_hash(&r) : read_btree(&r));

	buf_fini(&r.key);
	buf_fini(&r.value);
	return good;
}

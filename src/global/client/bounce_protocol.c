/* bounce_protocol: what is said to the services bounce, defer and trace, and their answer. */
#include "global/client/bounce.h"

const struct ipc_protocol bounce_protocol = { "bounce", 1 };

/* A struct's `unsigned` members travel as numbers of 64 bits, so that no range is lost on the way. */
struct entry_wire {
	struct bounce_entry entry;
	uint64_t flags;
};

struct notice_wire {
	struct bounce_notice notice;
	uint64_t flags, options;
};

struct status_wire {
	bool ok;
};

static const struct field entry_fields[] = {
	FIELD(struct entry_wire, entry.queue_id, 1, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct entry_wire, entry.recipient, 2, FIELD_STRING, 0),
	FIELD(struct entry_wire, entry.original, 3, FIELD_STRING, 0),
	FIELD(struct entry_wire, entry.dsn_orcpt, 4, FIELD_STRING, 0),
	FIELD(struct entry_wire, entry.dsn_notify, 5, FIELD_INT, 0),
	FIELD(struct entry_wire, entry.offset, 6, FIELD_I64, 0),
	FIELD(struct entry_wire, entry.status, 7, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct entry_wire, entry.action, 8, FIELD_STRING, 0),
	FIELD(struct entry_wire, entry.text, 9, FIELD_STRING, 0),
	FIELD(struct entry_wire, entry.diag_type, 10, FIELD_STRING, 0),
	FIELD(struct entry_wire, entry.diag_text, 11, FIELD_STRING, 0),
	FIELD(struct entry_wire, entry.mta_type, 12, FIELD_STRING, 0),
	FIELD(struct entry_wire, entry.mta_name, 13, FIELD_STRING, 0),
	FIELD(struct entry_wire, flags, 14, FIELD_U64, 0),
	FIELD_END
};

static const struct field notice_fields[] = {
	FIELD(struct notice_wire, notice.queue_name, 1, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct notice_wire, notice.queue_id, 2, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct notice_wire, notice.encoding, 3, FIELD_STRING, 0),
	FIELD(struct notice_wire, notice.sender, 4, FIELD_STRING, 0),
	FIELD(struct notice_wire, notice.envid, 5, FIELD_STRING, 0),
	FIELD(struct notice_wire, notice.verp, 6, FIELD_STRING, 0),
	FIELD(struct notice_wire, notice.ret, 7, FIELD_INT, 0),
	FIELD(struct notice_wire, flags, 8, FIELD_U64, 0),
	FIELD(struct notice_wire, options, 9, FIELD_U64, 0),
	FIELD(struct notice_wire, notice.warn, 10, FIELD_BOOL, 0),
	FIELD_END
};

static const struct field status_fields[] = {
	FIELD(struct status_wire, ok, 1, FIELD_BOOL, FIELD_REQUIRED),
	FIELD_END
};

/* Texts of other people are cut to what fits beside all the others in one frame. */
enum { FIELD_LIMIT = 4096 };

static struct view
clip(struct view v)
{
	return view_slice(v, 0, FIELD_LIMIT);
}

void
bounce_entry_put(struct buf *out, unsigned type, const struct bounce_entry *entry)
{
	struct entry_wire wire = { *entry, entry->flags };
	struct bounce_entry *e = &wire.entry;

	e->recipient = clip(e->recipient);
	e->original = clip(e->original);
	e->dsn_orcpt = clip(e->dsn_orcpt);
	e->text = clip(e->text);
	e->diag_text = clip(e->diag_text);
	e->mta_name = clip(e->mta_name);
	frame_put(out, type, type == BOUNCE_FRAME_ONE ? FRAME_MORE : 0, entry_fields, &wire);
}

bool
bounce_entry_get(const struct frame *frame, struct bounce_entry *entry, struct buf *why)
{
	struct entry_wire wire;

	if (!frame_get(frame, entry_fields, &wire, sizeof(wire), why))
		return false;
	*entry = wire.entry;
	entry->flags = (unsigned)wire.flags;
	return true;
}

void
bounce_notice_put(struct buf *out, unsigned type, const struct bounce_notice *notice)
{
	struct notice_wire wire = { *notice, notice->flags, notice->options };
	struct bounce_notice *n = &wire.notice;

	n->sender = clip(n->sender);
	n->envid = clip(n->envid);
	frame_put(out, type, 0, notice_fields, &wire);
}

bool
bounce_notice_get(const struct frame *frame, struct bounce_notice *notice, struct buf *why)
{
	struct notice_wire wire;

	if (!frame_get(frame, notice_fields, &wire, sizeof(wire), why))
		return false;
	*notice = wire.notice;
	notice->flags = (unsigned)wire.flags;
	notice->options = (unsigned)wire.options;
	return true;
}

void
bounce_status_put(struct buf *out, bool ok)
{
	struct status_wire wire = { ok };

	frame_put(out, BOUNCE_FRAME_STATUS, 0, status_fields, &wire);
}

bool
bounce_status_get(const struct frame *frame, bool *ok, struct buf *why)
{
	struct status_wire wire;

	if (frame->type != BOUNCE_FRAME_STATUS || !frame_get(frame, status_fields, &wire, sizeof(wire), why))
		return false;
	*ok = wire.ok;
	return true;
}

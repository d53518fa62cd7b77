/* delivery_protocol: a delivery request is a run of frames (the message, then a frame per recipient); a report is one. */
#include "global/delivery/delivery.h"

const struct ipc_protocol delivery_protocol = { "delivery_request", 1 };

struct request_wire {
	struct delivery_request r;
	uint64_t flags, options;
	int64_t data_offset, data_size;
	int64_t arrival_usec, queued_usec;
};

static const struct field request_fields[] = {
	FIELD(struct request_wire, r.queue_name, 1, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct request_wire, r.queue_id, 2, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct request_wire, r.nexthop, 3, FIELD_STRING, 0),
	FIELD(struct request_wire, r.sender, 4, FIELD_STRING, 0),
	FIELD(struct request_wire, r.encoding, 5, FIELD_STRING, 0),
	FIELD(struct request_wire, r.envid, 6, FIELD_STRING, 0),
	FIELD(struct request_wire, r.log_ident, 7, FIELD_STRING, 0),
	FIELD(struct request_wire, r.rewrite_context, 8, FIELD_STRING, 0),
	FIELD(struct request_wire, r.client_name, 9, FIELD_STRING, 0),
	FIELD(struct request_wire, r.client_address, 10, FIELD_STRING, 0),
	FIELD(struct request_wire, r.client_port, 11, FIELD_STRING, 0),
	FIELD(struct request_wire, r.client_helo, 12, FIELD_STRING, 0),
	FIELD(struct request_wire, r.client_protocol, 13, FIELD_STRING, 0),
	FIELD(struct request_wire, r.message_origin, 14, FIELD_STRING, 0),
	FIELD(struct request_wire, r.sasl_method, 15, FIELD_STRING, 0),
	FIELD(struct request_wire, r.sasl_username, 16, FIELD_STRING, 0),
	FIELD(struct request_wire, r.sasl_sender, 17, FIELD_STRING, 0),
	FIELD(struct request_wire, r.verp, 18, FIELD_STRING, 0),
	FIELD(struct request_wire, r.ret, 19, FIELD_INT, 0),
	FIELD(struct request_wire, flags, 20, FIELD_U64, 0),
	FIELD(struct request_wire, options, 21, FIELD_U64, 0),
	FIELD(struct request_wire, data_offset, 22, FIELD_I64, 0),
	FIELD(struct request_wire, data_size, 23, FIELD_I64, 0),
	FIELD(struct request_wire, arrival_usec, 24, FIELD_I64, 0),
	FIELD(struct request_wire, queued_usec, 25, FIELD_I64, 0),
	FIELD_END
};

struct recipient_wire {
	struct queue_recipient r;
	int64_t offset;
};

static const struct field recipient_fields[] = {
	FIELD(struct recipient_wire, r.address, 1, FIELD_STRING, 0),
	FIELD(struct recipient_wire, r.original, 2, FIELD_STRING, 0),
	FIELD(struct recipient_wire, r.dsn_orcpt, 3, FIELD_STRING, 0),
	FIELD(struct recipient_wire, r.dsn_notify, 4, FIELD_INT, 0),
	FIELD(struct recipient_wire, offset, 5, FIELD_I64, 0),
	FIELD_END
};

struct report_wire {
	int result;
	bool session_kept;
	struct view status, text, diag_type, diag_text, mta_type, mta_name;
};

static const struct field report_fields[] = {
	FIELD(struct report_wire, result, 1, FIELD_INT, FIELD_REQUIRED),
	FIELD(struct report_wire, status, 2, FIELD_STRING, 0),
	FIELD(struct report_wire, text, 3, FIELD_STRING, 0),
	FIELD(struct report_wire, diag_type, 4, FIELD_STRING, 0),
	FIELD(struct report_wire, diag_text, 5, FIELD_STRING, 0),
	FIELD(struct report_wire, mta_type, 6, FIELD_STRING, 0),
	FIELD(struct report_wire, mta_name, 7, FIELD_STRING, 0),
	FIELD(struct report_wire, session_kept, 8, FIELD_BOOL, 0),
	FIELD_END
};

enum { USEC = 1000000, REPORT_TEXT_MAX = 4096 };

static int64_t
usec_of(struct timeval t)
{
	return (int64_t)t.tv_sec * USEC + t.tv_usec;
}

static bool
timeval_of(int64_t usec, struct timeval *out)
{
	if (usec < 0)
		return false;
	*out = (struct timeval){ .tv_sec = usec / USEC, .tv_usec = usec % USEC };
	return true;
}

static struct request_wire
request_to_wire(const struct delivery_request *request)
{
	return (struct request_wire){
		.r = *request, .flags = request->flags, .options = request->options,
		.data_offset = request->data_offset, .data_size = request->data_size,
		.arrival_usec = usec_of(request->times.arrival), .queued_usec = usec_of(request->times.queued),
	};
}

static struct recipient_wire
recipient_to_wire(const struct queue_recipient *recipient)
{
	return (struct recipient_wire){ .r = *recipient, .offset = recipient->offset };
}

bool
delivery_request_fits(const struct delivery_request *request)
{
	struct request_wire wire = request_to_wire(request);

	if (frame_size(request_fields, &wire) > FRAME_MAX)
		return false;
	for (size_t i = 0; i < request->recipient_count; i++) {
		struct recipient_wire recipient = recipient_to_wire(&request->recipients[i]);

		if (frame_size(recipient_fields, &recipient) > FRAME_MAX)
			return false;
	}
	return true;
}

void
delivery_request_put(struct buf *out, const struct delivery_request *request)
{
	struct request_wire wire = request_to_wire(request);

	frame_put(out, DELIVERY_FRAME_REQUEST, FRAME_MORE, request_fields, &wire);
	for (size_t i = 0; i < request->recipient_count; i++) {
		struct recipient_wire recipient = recipient_to_wire(&request->recipients[i]);
		bool more = i + 1 < request->recipient_count;

		frame_put(out, DELIVERY_FRAME_RECIPIENT, more ? FRAME_MORE : 0, recipient_fields, &recipient);
	}
}

/* The frame's bytes go with the next one: what is kept of it is copied. */
static struct frame
frame_keep(const struct frame *frame, struct arena *arena)
{
	return (struct frame){ frame->type, frame->flags, arena_view(arena, frame->payload) };
}

bool
delivery_request_get(const struct frame *frame, struct arena *arena, struct delivery_request *out, struct buf *why)
{
	struct frame kept = frame_keep(frame, arena);
	struct request_wire wire;

	if (frame->type != DELIVERY_FRAME_REQUEST || !(frame->flags & FRAME_MORE)) {
		why_set(why, "not a delivery request");
		return false;
	}
	if (!frame_get(&kept, request_fields, &wire, sizeof(wire), why))
		return false;
	if (!timeval_of(wire.arrival_usec, &wire.r.times.arrival) || !timeval_of(wire.queued_usec, &wire.r.times.queued) ||
	    !queue_id_valid(wire.r.queue_id) || !queue_name_valid(wire.r.queue_name)) {
		why_set(why, "bad time or queue file name in delivery request");
		return false;
	}
	*out = wire.r;
	out->fd = -1;
	out->flags = (unsigned)wire.flags;
	out->options = (unsigned)wire.options;
	out->data_offset = wire.data_offset;
	out->data_size = wire.data_size;
	return true;
}

bool
delivery_recipient_get(const struct frame *frame, struct arena *arena, struct queue_recipient *out, struct buf *why)
{
	struct frame kept = frame_keep(frame, arena);
	struct recipient_wire wire;

	if (frame->type != DELIVERY_FRAME_RECIPIENT) {
		why_set(why, "unexpected frame in delivery request");
		return false;
	}
	if (!frame_get(&kept, recipient_fields, &wire, sizeof(wire), why))
		return false;
	*out = wire.r;
	out->offset = wire.offset;
	return true;
}

void
delivery_report_put(struct buf *out, const struct delivery_report *report)
{
	const struct dsn *dsn = &report->dsn;
	struct report_wire wire = {
		report->result, report->session_kept, view_string(dsn->status), view_slice(buf_view(&dsn->text), 0, REPORT_TEXT_MAX),
		buf_view(&dsn->diag_type), view_slice(buf_view(&dsn->diag_text), 0, REPORT_TEXT_MAX),
		buf_view(&dsn->mta_type), view_slice(buf_view(&dsn->mta_name), 0, REPORT_TEXT_MAX),
	};

	frame_put(out, DELIVERY_FRAME_REPORT, 0, report_fields, &wire);
}

/* report->dsn must be initialised; it is filled when a status came. */
bool
delivery_report_get(const struct frame *frame, struct delivery_report *out, struct buf *why)
{
	struct report_wire wire;

	if (frame->type != DELIVERY_FRAME_REPORT || !frame_get(frame, report_fields, &wire, sizeof(wire), why))
		return false;
	if (wire.result < DELIVERY_DONE || wire.result > DELIVERY_GONE ||
	    (!view_empty(wire.status) && !dsn_status_valid(wire.status))) {
		why_set(why, "bad result or status in delivery report");
		return false;
	}
	out->result = (enum delivery_result)wire.result;
	out->session_kept = wire.session_kept;
	if (view_empty(wire.status))
		return true;
	dsn_set(&out->dsn, "", "%.*s", VIEW_ARG(wire.text));
	memcpy(out->dsn.status, wire.status.data, wire.status.len);
	out->dsn.status[wire.status.len] = '\0';
	buf_putv(&out->dsn.diag_type, wire.diag_type);
	buf_putv(&out->dsn.diag_text, wire.diag_text);
	buf_putv(&out->dsn.mta_type, wire.mta_type);
	buf_putv(&out->dsn.mta_name, wire.mta_name);
	return true;
}

/* anvil_protocol: what is said to anvil, and its answer. */
#include "global/client/anvil.h"

const struct ipc_protocol anvil_protocol = { "anvil", 1 };

enum { NAME_LIMIT = 1024 };

static const struct field report_fields[] = {
	FIELD(struct anvil_report, event, 1, FIELD_INT, 0),
	FIELD(struct anvil_report, service, 2, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct anvil_report, client, 3, FIELD_STRING, FIELD_REQUIRED),
	FIELD_END
};

static const struct field counts_fields[] = {
	FIELD(struct anvil_counts, connections, 1, FIELD_INT, 0),
	FIELD(struct anvil_counts, rate, 2, FIELD_INT, 0),
	FIELD_END
};

void
anvil_report_put(struct buf *out, const struct anvil_report *report)
{
	struct anvil_report wire = *report;

	wire.service = view_slice(wire.service, 0, NAME_LIMIT);
	wire.client = view_slice(wire.client, 0, NAME_LIMIT);
	frame_put(out, ANVIL_FRAME_REPORT, 0, report_fields, &wire);
}

bool
anvil_report_get(const struct frame *frame, struct anvil_report *report, struct buf *why)
{
	if (frame->type != ANVIL_FRAME_REPORT) {
		why_set(why, "unknown request");
		return false;
	}
	if (!frame_get(frame, report_fields, report, sizeof(*report), why))
		return false;
	if (report->event < 0 || report->event >= ANVIL_EVENTS || report->client.len > NAME_LIMIT) {
		why_set(why, "no such event");
		return false;
	}
	return true;
}

void
anvil_counts_put(struct buf *out, const struct anvil_counts *counts)
{
	frame_put(out, ANVIL_FRAME_COUNTS, 0, counts_fields, counts);
}

bool
anvil_counts_get(const struct frame *frame, struct anvil_counts *counts, struct buf *why)
{
	if (frame->type != ANVIL_FRAME_COUNTS) {
		why_set(why, "unexpected answer");
		return false;
	}
	return frame_get(frame, counts_fields, counts, sizeof(*counts), why);
}

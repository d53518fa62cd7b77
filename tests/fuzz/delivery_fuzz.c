/* Frames of delivery requests and reports, bounce requests and announcements, as a peer might send them. */
#include <stdint.h>

#include "global/client/bounce.h"
#include "global/client/qmgr.h"
#include "global/delivery/delivery.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_image(const struct qmgr_announcement *announcement, struct arena *arena)
{
	struct queue_image image = { announcement->head, announcement->tail, (off_t)announcement->tail_at };
	struct queue_envelope envelope;
	struct queue_recipient *recipients;
	size_t count;

	queue_envelope_read_image(&image, arena, &envelope, &recipients, &count, 100, NULL);
}

static void
decode(const struct frame *frame, struct arena *arena)
{
	struct delivery_request request;
	struct queue_recipient recipient;
	struct delivery_report report = { .result = DELIVERY_DONE };
	struct bounce_entry entry;
	struct bounce_notice notice;
	struct qmgr_announcement announcement;
	bool ok;

	dsn_init(&report.dsn);
	delivery_request_get(frame, arena, &request, NULL);
	delivery_recipient_get(frame, arena, &recipient, NULL);
	delivery_report_get(frame, &report, NULL);
	bounce_entry_get(frame, &entry, NULL);
	bounce_notice_get(frame, &notice, NULL);
	bounce_status_get(frame, &ok, NULL);
	if (qmgr_announcement_get(frame, &announcement, NULL))
		read_image(&announcement, arena);
	dsn_fini(&report.dsn);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(view_bytes(data, size));
	struct arena arena = ARENA_INIT;
	struct frame frame;

	while (frame_parse(&in, &frame) == 1)
		decode(&frame, &arena);
	arena_fini(&arena);
	return 0;
}

#include "global/delivery/handover.h"

#include "util/log/log.h"

static enum handover
failed(struct dsn *dsn, struct view transport, const char *reason)
{
	log_warn("transport %.*s: %s", VIEW_ARG(transport), reason);
	dsn_set(dsn, "4.3.0", "mail transport unavailable");
	return HANDOVER_FAILED;
}

static enum handover
take_report(const struct frame *frame, struct view transport, struct dsn *dsn)
{
	struct delivery_report report = { .result = DELIVERY_DEFERRED };
	struct buf why = BUF_INIT;
	enum handover result;

	dsn_init(&report.dsn);
	if (!delivery_report_get(frame, &report, &why))
		result = failed(dsn, transport, buf_c(&why));
	else if (report.result == DELIVERY_GONE)
		result = failed(dsn, transport, "it did not find the message");
	else if (report.result == DELIVERY_DONE)
		result = HANDOVER_DONE;
	else
		result = HANDOVER_DEFERRED;
	dsn_fini(&report.dsn);
	buf_fini(&why);
	return result;
}

static enum handover
ask(struct channel *channel, const struct delivery_request *request, struct view transport, struct dsn *dsn)
{
	struct frame frame;

	delivery_request_put(channel_out(channel), request);
	if (channel_flush(channel, clock_deadline((msec_t)request->settings->ipc_timeout_sec * 1000)) != CHANNEL_OK ||
	    channel_read(channel, &frame, CLOCK_NEVER) != CHANNEL_OK)
		return failed(dsn, transport, channel_why(channel));
	return take_report(&frame, transport, dsn);
}

enum handover
delivery_hand_over(const struct delivery_request *request, struct view where, struct dsn *dsn)
{
	struct delivery_request passed = *request;
	struct view transport = where, nexthop = VIEW_EMPTY;
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct channel *channel;
	enum handover result;

	view_split(where, ':', &transport, &nexthop);
	if (!view_empty(nexthop))
		passed.nexthop = nexthop;
	buf_printf(&path, "private/%.*s", VIEW_ARG(transport));
	channel = channel_connect(buf_c(&path), &delivery_protocol,
	    clock_deadline((msec_t)request->settings->ipc_timeout_sec * 1000), &why);
	if (channel == NULL)
		result = failed(dsn, transport, buf_c(&why));
	else
		result = ask(channel, &passed, transport, dsn);
	channel_free(channel);
	buf_fini(&path);
	buf_fini(&why);
	return result;
}

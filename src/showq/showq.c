/*
 * showq: says what is in the queue to whoever connects, in a form that others read too (global/queue/listing.h): first
 * the name of the protocol, then a record for each message, then an empty record.
 */
#include <unistd.h>

#include "global/queue/listing.h"
#include "service/service.h"
#include "util/net/stream.h"

struct showq_config {
	struct queue_layout layout;
	const char *empty_address;
	int timeout_sec;
};

static const struct binding bindings[] = {
	BIND_STRING(struct showq_config, layout.hashed_names, "hash_queue_names"),
	BIND_INT(struct showq_config, layout.hash_depth, "hash_queue_depth"),
	BIND_BOOL(struct showq_config, layout.long_ids, "enable_long_queue_ids"),
	BIND_STRING(struct showq_config, empty_address, "empty_address_recipient"),
	BIND_TIME(struct showq_config, timeout_sec, "ipc_timeout"),
	BIND_END
};

static const struct view greeting = VIEW_INIT("protocol\0mail_queue_list_protocol\0\0");

enum { SEND_AT = 32 * 1024 };

static bool
send_record(void *arg, struct view record)
{
	struct stream *stream = arg;

	stream_put(stream, record);
	return stream_unsent(stream) < SEND_AT || stream_flush(stream) == STREAM_OK;
}

static void
showq_client(struct service_context *ctx, int fd)
{
	const struct showq_config *config = service_config(ctx);
	struct stream *stream = stream_new_socket(fd);

	stream_set_timeout(stream, (msec_t)config->timeout_sec * 1000);
	stream_put(stream, greeting);
	listing_walk(&config->layout, config->empty_address, send_record, stream);
	stream_put(stream, VIEW("\0"));
	stream_flush(stream);
	stream_free(stream);
}

static const struct service showq_service = {
	.name = "showq",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_STREAM,
	.bindings = bindings,
	.config_size = sizeof(struct showq_config),
	.promises = "stdio queue-read",
	.client = showq_client,
};

int
main(int argc, char **argv)
{
	return service_main(&showq_service, argc, argv);
}

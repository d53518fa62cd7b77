#include "global/queue/queue_id.h"

const struct binding queue_layout_bindings[] = {
	BIND_STRING(struct queue_layout, hashed_names, "hash_queue_names"),
	BIND_INT(struct queue_layout, hash_depth, "hash_queue_depth"),
	BIND_BOOL(struct queue_layout, long_ids, "enable_long_queue_ids"),
	BIND_END
};

#include <stdint.h>

#include "table/bdb_reader.h"
#include "util/log/log.h"

static bool
touch(void *arg, struct view key, struct view value)
{
	unsigned *sum = arg;

	for (size_t i = 0; i < key.len; i++)
		*sum += (unsigned char)key.data[i];
	for (size_t i = 0; i < value.len; i++)
		*sum += (unsigned char)value.data[i];
	return true;
}

/* Any bytes as a Berkeley DB file. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned sum = 0;

	log_to_stderr(false);
	bdb_read(view_bytes(data, size), touch, &sum, NULL);
	return 0;
}

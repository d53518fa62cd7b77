/*
 * master.cf.
 */
#include <stddef.h>
#include <stdint.h>

#include "global/config/master_cf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf why = BUF_INIT;

	master_cf_free(master_cf_parse(view_bytes(data, size), "master.cf", &why));
	buf_fini(&why);
	return 0;
}

/* What a proxy in front of us says of its client. */
#include <stdint.h>

#include "util/net/proxy_header.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(view_bytes(data, size));
	struct proxy_header header;
	struct buf why = BUF_INIT;

	proxy_header_parse(&in, &header, &why);
	buf_fini(&why);
	return 0;
}

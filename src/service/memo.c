/* memo: pages of memory that master hands to a process: what the one before it left, and the pool of those beside it. */
#include <assert.h>
#include <unistd.h>

#include "service/context.h"
#include "service/master_protocol.h"
#include "service/pool.h"
#include "util/base/number.h"

static void *
take_page(const char *descriptor)
{
	long long fd;
	void *page;

	if (!number_parse(descriptor, MASTER_LISTEN_FD, 1 << 20, &fd))
		return NULL;
	page = shared_page_map((int)fd);
	close((int)fd);
	return page;
}

void
service_memo_take(struct service_context *ctx)
{
	const char *text = getenv(MASTER_MEMO_ENV);

	if (text != NULL)
		ctx->memo = take_page(text);
	unsetenv(MASTER_MEMO_ENV);
}

void
service_pool_take(struct service_context *ctx)
{
	struct view place = VIEW_EMPTY, descriptor = VIEW_EMPTY;
	const char *text = getenv(MASTER_POOL_ENV);
	unsigned long long number;

	if (text != NULL && view_split(view_string(text), ':', &place, &descriptor) &&
	    view_number(place, &number) && number < POOL_PLACES) {
		ctx->place = (int)number;
		ctx->pool = take_page(descriptor.data);
	}
	unsetenv(MASTER_POOL_ENV);
}

void *
service_memo(const struct service_context *ctx, size_t size)
{
	assert(size <= SHARED_PAGE_SIZE);
	return ctx->memo;
}

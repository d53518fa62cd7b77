/* memo: the page of memory that master hands from one process of a service to the next. */
#include <assert.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/context.h"
#include "service/master_protocol.h"
#include "util/base/number.h"

static void *
map(int fd)
{
	struct stat st;
	void *page;

	if (fstat(fd, &st) == -1 || st.st_size != MASTER_MEMO_SIZE)
		return NULL;
	page = mmap(NULL, MASTER_MEMO_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return page == MAP_FAILED ? NULL : page;
}

void
service_memo_take(struct service_context *ctx)
{
	const char *text = getenv(MASTER_MEMO_ENV);
	long long fd;

	if (text != NULL && number_parse(text, MASTER_LISTEN_FD, 1 << 20, &fd)) {
		ctx->memo = map((int)fd);
		close((int)fd);
	}
	unsetenv(MASTER_MEMO_ENV);
}

void *
service_memo(const struct service_context *ctx, size_t size)
{
	assert(size <= MASTER_MEMO_SIZE);
	return ctx->memo;
}

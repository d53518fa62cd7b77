#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "service/service.h"
#include "tlsmgr/tlsmgr.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/process/process.h"

enum { EXCHANGE_SIZE = 1024, BYTES_MAX = 255 };

struct pool {
	const struct pool_settings *settings;
	int source, exchange, stir;	/* descriptors, -1: none; stir: the system's generator, to be written to */
	msec_t reseeded, updated;
};

void
pool_take(size_t bytes, struct buf *out)
{
	char *to = buf_reserve(out, bytes);

	if (getrandom(to, bytes, 0) != (ssize_t)bytes)
		log_fatal("getrandom: %s", strerror(errno));
	buf_added(out, bytes);
}

static void
stir_in(const struct pool *pool, struct view bytes)
{
	if (pool->stir != -1)
		file_write_all(pool->stir, bytes, NULL);	/* the generator is good without, too */
}

/* -- the source -------------------------------------------------------------------------------------------------------- */

/* "dev:path" and "path"; a file is read from its start each time. */
static int
open_source(const char *source)
{
	const char *path = strncmp(source, "dev:", 4) == 0 ? source + 4 : source;
	struct buf why = BUF_INIT;
	int fd;

	if (*path == '\0')
		return -1;
	if (strncmp(source, "egd:", 4) == 0) {
		log_warn("tls_random_source = %s: the system's generator is used instead", source);
		return -1;
	}
	if ((fd = file_open(path, O_RDONLY | O_NONBLOCK, 0, &why)) == -1)
		log_warn("tls_random_source: %s", buf_c(&why));
	buf_fini(&why);
	return fd;
}

static void
reseed(struct pool *pool)
{
	char bytes[BYTES_MAX];
	size_t wanted = pool->settings->bytes < BYTES_MAX ? (size_t)pool->settings->bytes : BYTES_MAX;
	ssize_t n;

	pool->reseeded = clock_now();
	if (pool->source == -1)
		return;
	lseek(pool->source, 0, SEEK_SET);
	if ((n = read(pool->source, bytes, wanted)) > 0)
		stir_in(pool, view_bytes(bytes, (size_t)n));
	else
		log_warn("tls_random_source = %s: nothing could be read", pool->settings->source);
	mem_wipe(bytes, sizeof(bytes));
}

/* -- the exchange file ---------------------------------------------------------------------------------------------------- */

/* What an earlier process left; its own successor finds something else. */
static void
use_exchange(struct pool *pool)
{
	char bytes[EXCHANGE_SIZE];
	ssize_t n = pool->exchange != -1 ? pread(pool->exchange, bytes, sizeof(bytes), 0) : 0;

	if (n > 0)
		stir_in(pool, view_bytes(bytes, (size_t)n));
	mem_wipe(bytes, sizeof(bytes));
}

static void
update_exchange(struct pool *pool)
{
	struct buf bytes = BUF_INIT;

	pool->updated = clock_now();
	if (pool->exchange == -1)
		return;
	pool_take(EXCHANGE_SIZE, &bytes);
	if (!file_pwrite_all(pool->exchange, buf_c(&bytes), bytes.len, 0))
		log_warn("%s: %s", pool->settings->exchange, strerror(errno));
	buf_wipe(&bytes);
}

static int
open_exchange(struct service_context *ctx, const char *path)
{
	struct buf why = BUF_INIT;
	int fd = -1;

	if (*path == '\0')
		return -1;
	identity_assume(service_owner(ctx));
	if ((fd = file_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, &why)) == -1)
		log_warn("tls_random_exchange_name: %s", buf_c(&why));
	identity_restore();
	buf_fini(&why);
	return fd;
}

/* -- life ------------------------------------------------------------------------------------------------------------------- */

struct pool *
pool_open(struct service_context *ctx, const struct pool_settings *settings)
{
	struct pool *pool = mem_new(sizeof(*pool));

	pool->settings = settings;
	pool->source = open_source(settings->source);
	pool->stir = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	pool->exchange = open_exchange(ctx, settings->exchange);
	use_exchange(pool);
	reseed(pool);
	update_exchange(pool);
	return pool;
}

static bool
due(msec_t last, int period_sec)
{
	return clock_now() - last >= (msec_t)period_sec * 1000;
}

void
pool_chores(struct pool *pool)
{
	if (due(pool->reseeded, pool->settings->reseed_sec))
		reseed(pool);
	if (due(pool->updated, pool->settings->update_sec))
		update_exchange(pool);
}

void
pool_close(struct pool *pool)
{
	update_exchange(pool);
	if (pool->source != -1)
		close(pool->source);
	if (pool->stir != -1)
		close(pool->stir);
	if (pool->exchange != -1)
		close(pool->exchange);
	mem_free(pool);
}

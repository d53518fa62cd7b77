#include "service/visitor.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/kept.h"
#include "util/event/loop.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"

enum { VISITORS_MAX = 200, STAY_MS = 10000, TRIGGER_MAX = 1024, NOW = 0 };

struct visitor {
	struct list link;
	struct visitors *owner;
	int fd;				/* -1 once the channel has it */
	struct channel *channel;	/* it speaks frames */
	struct loop_io io;
	struct loop_timer timer;
};

struct visitors {
	struct service_context *ctx;
	struct list trigger, announcing;
	size_t count;			/* of trigger */
};

struct visitors *
visitors_new(struct service_context *ctx)
{
	struct visitors *visitors = mem_new(sizeof(*visitors));

	visitors->ctx = ctx;
	list_init(&visitors->trigger);
	list_init(&visitors->announcing);
	return visitors;
}

static void
visitor_close(struct visitor *visitor)
{
	if (visitor->channel == NULL)
		visitor->owner->count--;
	list_remove(&visitor->link);
	loop_io_stop(&visitor->io);
	loop_timer_stop(&visitor->timer);
	channel_free(visitor->channel);
	if (visitor->fd != -1)
		close(visitor->fd);
	mem_free(visitor);
}

void
visitors_free(struct visitors *visitors)
{
	if (visitors == NULL)
		return;
	LIST_FOREACH_SAFE(one, after, &visitors->trigger, struct visitor, link)
		visitor_close(one);
	LIST_FOREACH_SAFE(other, next, &visitors->announcing, struct visitor, link)
		visitor_close(other);
	mem_free(visitors);
}

/* -- announcements ------------------------------------------------------------------------------- */

static void
frames_came(struct visitor *visitor)
{
	struct service_context *ctx = visitor->owner->ctx;
	enum channel_result result;
	struct frame frame;

	/* All that was received, and no more: the loop tells when there is more in the socket only. */
	while ((result = channel_read(visitor->channel, &frame, NOW)) == CHANNEL_OK) {
		ctx->service->announced(ctx, &frame);
		service_spent(ctx);
		if (!channel_pending(visitor->channel))
			return;
	}
	if (result == CHANNEL_BROKEN)
		kept_complain(ctx, visitor->channel);
	if (result == CHANNEL_BROKEN || result == CHANNEL_EOF)
		visitor_close(visitor);
}

static bool
may_announce(const struct visitor *visitor)
{
	struct service_context *ctx = visitor->owner->ctx;
	uid_t uid;
	gid_t gid;
	pid_t pid;

	return ctx->service->announced != NULL && socket_peer_ids(visitor->fd, &uid, &gid, &pid) &&
	    (uid == 0 || uid == ctx->owner.uid || uid == geteuid());
}

/* The first byte was 0: frames follow. From now on it may stay, and does not count among strangers. */
static void
begin_frames(struct visitor *visitor)
{
	struct visitors *owner = visitor->owner;

	if (!may_announce(visitor)) {
		visitor_close(visitor);
		return;
	}
	owner->count--;
	list_remove(&visitor->link);
	list_append(&owner->announcing, &visitor->link);
	loop_timer_stop(&visitor->timer);
	visitor->channel = channel_new(visitor->fd, owner->ctx->service->protocol);
	visitor->fd = -1;
	frames_came(visitor);
}

/* -- triggers ------------------------------------------------------------------------------------ */

static void
trigger_came(struct visitor *visitor)
{
	struct service_context *ctx = visitor->owner->ctx;
	char bytes[TRIGGER_MAX];
	ssize_t n = recv(visitor->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		visitor_close(visitor);
		return;
	}
	ctx->service->trigger(ctx, view_bytes(bytes, (size_t)n));
	service_spent(ctx);
}

static bool
speaks_frames(int fd)
{
	char first;

	if (recv(fd, &first, 1, MSG_DONTWAIT | MSG_PEEK) != 1 || first != 0)
		return false;
	return recv(fd, &first, 1, MSG_DONTWAIT) == 1;
}

static void
visitor_speaks(int fd, int what, void *arg)
{
	struct visitor *visitor = arg;

	if (visitor->channel != NULL)
		frames_came(visitor);
	else if (speaks_frames(visitor->fd))
		begin_frames(visitor);
	else
		trigger_came(visitor);
}

static void
stayed_too_long(void *arg)
{
	visitor_close(arg);
}

void
visitors_add(struct visitors *visitors, int fd)
{
	struct visitor *visitor = mem_new(sizeof(*visitor));
	struct loop *loop = visitors->ctx->loop;

	if (visitors->count >= VISITORS_MAX)
		visitor_close(LIST_FIRST(&visitors->trigger, struct visitor, link));
	visitor->owner = visitors;
	visitor->fd = fd;
	list_append(&visitors->trigger, &visitor->link);
	visitors->count++;
	loop_io_start(loop, &visitor->io, fd, LOOP_READ, visitor_speaks, visitor);
	loop_timer_start(loop, &visitor->timer, STAY_MS, stayed_too_long, visitor);
}

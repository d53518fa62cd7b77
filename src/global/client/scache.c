#include "global/client/scache.h"

#include <unistd.h>

#include "global/client/call.h"
#include "util/log/log.h"

struct scache {
	struct caller *caller;
	struct buf question;
};

struct scache *
scache_new(const char *path, msec_t timeout_ms)
{
	struct scache *scache = mem_new(sizeof(*scache));

	scache->caller = caller_new(path, &scache_protocol, timeout_ms);
	return scache;
}

void
scache_free(struct scache *scache)
{
	if (scache == NULL)
		return;
	caller_free(scache->caller);
	buf_fini(&scache->question);
	mem_free(scache);
}

static bool
ask(struct scache *scache, unsigned type, const struct scache_session *question, int *fd, struct scache_session *answer)
{
	struct buf why = BUF_INIT;
	struct frame frame;
	bool ok;

	buf_reset(&scache->question);
	scache_session_put(&scache->question, type, question);
	ok = caller_ask_passing(scache->caller, buf_view(&scache->question), fd, &frame, &why)
	    && scache_session_get(&frame, answer, &why);
	if (!ok)
		log_warn("connection cache: %s", buf_c(&why));
	buf_fini(&why);
	return ok;
}

void
scache_save(struct scache *scache, const struct scache_session *session, int fd)
{
	struct scache_session answer;

	if (session->key.len > SCACHE_TEXT_MAX)
		close(fd);
	else
		ask(scache, SCACHE_FRAME_SAVE, session, &fd, &answer);
}

int
scache_find(struct scache *scache, struct view key, struct scache_session *session)
{
	struct scache_session question = { .key = key };
	int fd = -1;

	if (key.len > SCACHE_TEXT_MAX || !ask(scache, SCACHE_FRAME_FIND, &question, &fd, session))
		return -1;
	if (fd != -1 && view_empty(session->key)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

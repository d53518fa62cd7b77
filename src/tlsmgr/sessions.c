#include "service/service.h"
#include "table/cache.h"
#include "tlsmgr/tlsmgr.h"
#include "util/log/log.h"
#include "util/process/process.h"
#include "util/text/chars.h"
#include "util/text/cursor.h"
#include "util/text/encode.h"

/* entry = time SP base64(session) */
struct sessions {
	struct cache *cache;
	char *name;
	int timeout_sec;
	struct buf entry;
};

static bool
parse(struct view entry, uint64_t *when, struct view *session)
{
	struct cursor in = cursor_of(entry);

	if (!cursor_u64(&in, when) || !cursor_byte(&in, ' '))
		return false;
	*session = cursor_rest(&in);
	return true;
}

static bool
too_old(const struct sessions *sessions, uint64_t when)
{
	uint64_t now = (uint64_t)clock_wall().tv_sec;

	return when > now || now - when >= (uint64_t)sessions->timeout_sec;
}

static bool
expired(struct view key, struct view value, void *arg)
{
	struct view session;
	uint64_t when;

	return !parse(value, &when, &session) || too_old(arg, when);
}

/* Without its cache a server still does TLS. */
struct sessions *
sessions_open(struct service_context *ctx, const char *database, int timeout_sec)
{
	struct sessions *sessions = mem_new(sizeof(*sessions));
	struct cache_cleaning cleaning = { timeout_sec, expired, sessions };
	struct buf why = BUF_INIT;

	sessions->timeout_sec = timeout_sec;
	sessions->name = mem_string(database);
	if (*database != '\0' && timeout_sec > 0) {
		identity_assume(service_owner(ctx));
		sessions->cache = cache_open(service_tables(ctx), database, &cleaning, &why);
		identity_restore();
		if (sessions->cache == NULL)
			log_warn("TLS sessions are not kept: %s", buf_c(&why));
	}
	buf_fini(&why);
	if (sessions->cache != NULL)
		return sessions;
	mem_free(sessions->name);
	mem_free(sessions);
	return NULL;
}

void
sessions_chores(struct sessions *sessions)
{
	if (sessions != NULL)
		cache_chores(sessions->cache);
}

void
sessions_close(struct sessions *sessions)
{
	if (sessions == NULL)
		return;
	cache_close(sessions->cache);
	buf_wipe(&sessions->entry);
	mem_free(sessions->name);
	mem_free(sessions);
}

static bool
is_text(struct view id)
{
	for (size_t i = 0; i < id.len; i++) {
		if (!char_is(id.data[i], CHAR_PRINT))
			return false;
	}
	return id.len > 0;
}

enum lookup
sessions_lookup(struct sessions *sessions, struct view id, struct buf *session)
{
	struct buf why = BUF_INIT;
	enum lookup found;
	struct view text;
	uint64_t when;

	if (sessions == NULL || !is_text(id))
		return LOOKUP_NONE;
	if ((found = cache_lookup(sessions->cache, id, &sessions->entry, &why)) == LOOKUP_RETRY)
		log_warn("%s: %s", sessions->name, buf_c(&why));
	if (found == LOOKUP_FOUND && (!parse(buf_view(&sessions->entry), &when, &text) || too_old(sessions, when)
	    || !base64_decode(session, text)))
		found = sessions_delete(sessions, id) ? LOOKUP_NONE : LOOKUP_RETRY;
	buf_fini(&why);
	return found;
}

bool
sessions_update(struct sessions *sessions, struct view id, struct view session)
{
	struct buf why = BUF_INIT;
	bool ok;

	if (sessions == NULL || !is_text(id))
		return false;
	buf_reset(&sessions->entry);
	buf_printf(&sessions->entry, "%lld ", (long long)clock_wall().tv_sec);
	base64_encode(&sessions->entry, session);
	if (!(ok = cache_update(sessions->cache, id, buf_view(&sessions->entry), &why)))
		log_warn("%s: %s", sessions->name, buf_c(&why));
	buf_fini(&why);
	return ok;
}

bool
sessions_delete(struct sessions *sessions, struct view id)
{
	struct buf why = BUF_INIT;
	enum lookup result;

	if (sessions == NULL || !is_text(id))
		return true;
	if ((result = cache_delete(sessions->cache, id, &why)) == LOOKUP_RETRY)
		log_warn("%s: %s", sessions->name, buf_c(&why));
	buf_fini(&why);
	return result != LOOKUP_RETRY;
}

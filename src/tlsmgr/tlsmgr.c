/*
 * tlsmgr: keeps what the TLS engines of all processes share: sessions to resume, the keys of session tickets, and
 * randomness. It does no TLS itself, and knows nothing of what a session is.
 */
#include "service/service.h"
#include "tlsmgr/tickets/tickets.h"
#include "tlsmgr/tlsmgr.h"
#include "util/log/log.h"

struct tlsmgr_config {
	struct {
		const char *database;
		int timeout_sec;
	} caches[TLSMGR_CACHES];
	struct pool_settings pool;
	const char *ticket_cipher;
};

#define BIND_CACHE(which, prefix) \
	BIND_STRING(struct tlsmgr_config, caches[which].database, prefix "_tls_session_cache_database"), \
	BIND_TIME(struct tlsmgr_config, caches[which].timeout_sec, prefix "_tls_session_cache_timeout")

static const struct binding bindings[] = {
	BIND_CACHE(TLSMGR_SMTPD, "smtpd"),
	BIND_CACHE(TLSMGR_SMTP, "smtp"),
	BIND_CACHE(TLSMGR_LMTP, "lmtp"),
	BIND_STRING(struct tlsmgr_config, pool.source, "tls_random_source"),
	BIND_STRING(struct tlsmgr_config, pool.exchange, "tls_random_exchange_name"),
	BIND_INT(struct tlsmgr_config, pool.bytes, "tls_random_bytes"),
	BIND_TIME(struct tlsmgr_config, pool.reseed_sec, "tls_random_reseed_period"),
	BIND_TIME(struct tlsmgr_config, pool.update_sec, "tls_random_prng_update_period"),
	BIND_STRING(struct tlsmgr_config, ticket_cipher, "tls_session_ticket_cipher"),
	BIND_END
};

struct state {
	const struct tlsmgr_config *config;
	struct pool *pool;
	struct sessions *sessions[TLSMGR_CACHES];
	struct tickets *tickets;	/* those of the process before us, where master hands memory on */
	struct buf bytes;		/* of the answer */
};

/* -- requests ------------------------------------------------------------------------------------------------------- */

static enum lookup
seed(struct state *state, const struct tlsmgr_question *question, struct tlsmgr_answer *answer)
{
	pool_take((size_t)question->bytes, &state->bytes);
	answer->bytes = buf_view(&state->bytes);
	return LOOKUP_FOUND;
}

static enum lookup
policy(struct state *state, const struct tlsmgr_question *question, struct tlsmgr_answer *answer)
{
	answer->kept = state->sessions[question->cache] != NULL;
	answer->timeout_sec = state->config->caches[question->cache].timeout_sec;
	return LOOKUP_FOUND;
}

static enum lookup
lookup(struct state *state, const struct tlsmgr_question *question, struct tlsmgr_answer *answer)
{
	enum lookup found = sessions_lookup(state->sessions[question->cache], question->id, &state->bytes);

	answer->bytes = buf_view(&state->bytes);
	return found;
}

static enum lookup
update(struct state *state, const struct tlsmgr_question *question, struct tlsmgr_answer *answer)
{
	return sessions_update(state->sessions[question->cache], question->id, question->session) ? LOOKUP_FOUND : LOOKUP_RETRY;
}

static enum lookup
delete(struct state *state, const struct tlsmgr_question *question, struct tlsmgr_answer *answer)
{
	return sessions_delete(state->sessions[question->cache], question->id) ? LOOKUP_FOUND : LOOKUP_RETRY;
}

static enum lookup
ticket_key(struct state *state, const struct tlsmgr_question *question, struct tlsmgr_answer *answer)
{
	bool wanted = state->config->ticket_cipher[0] != '\0';
	const struct tlsmgr_ticket_key *key = !wanted ? NULL
	    : tickets_key(state->tickets, state->config->caches[TLSMGR_SMTPD].timeout_sec, question->id);

	if (key == NULL)
		return LOOKUP_NONE;
	answer->name = view_bytes(key->name, sizeof(key->name));
	answer->cipher = view_bytes(key->cipher, sizeof(key->cipher));
	answer->mac = view_bytes(key->mac, sizeof(key->mac));
	answer->signs_until = key->signs_until;
	answer->opens_until = key->opens_until;
	return LOOKUP_FOUND;
}

static enum lookup (*const handlers[])(struct state *, const struct tlsmgr_question *, struct tlsmgr_answer *) = {
	[TLSMGR_FRAME_SEED] = seed, [TLSMGR_FRAME_POLICY] = policy, [TLSMGR_FRAME_LOOKUP] = lookup,
	[TLSMGR_FRAME_UPDATE] = update, [TLSMGR_FRAME_DELETE] = delete, [TLSMGR_FRAME_TICKET_KEY] = ticket_key,
};

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *frame)
{
	struct state *state = service_state(ctx);
	struct tlsmgr_question question;
	struct tlsmgr_answer answer = { 0 };
	struct buf why = BUF_INIT;

	if (!tlsmgr_question_get(frame, &question, &why)) {
		log_warn("malformed request: %s", buf_c(&why));
		buf_fini(&why);
		return SERVICE_HANG_UP;
	}
	buf_reset(&state->bytes);
	answer.result = (int)handlers[frame->type](state, &question, &answer);
	tlsmgr_answer_put(channel_out(channel), &answer);
	return SERVICE_DONE;
}

/* -- life ------------------------------------------------------------------------------------------------------------- */

static void
prepare(struct service_context *ctx)
{
	const struct tlsmgr_config *config = service_config(ctx);
	struct state *state = mem_new(sizeof(*state));

	state->config = config;
	state->pool = pool_open(ctx, &config->pool);
	for (size_t i = 0; i < TLSMGR_CACHES; i++)
		state->sessions[i] = sessions_open(ctx, config->caches[i].database, config->caches[i].timeout_sec);
	if ((state->tickets = service_memo(ctx, sizeof(*state->tickets))) == NULL)
		state->tickets = mem_new(sizeof(*state->tickets));
	service_set_state(ctx, state);
}

static void
idle(struct service_context *ctx)
{
	struct state *state = service_state(ctx);

	pool_chores(state->pool);
	for (size_t i = 0; i < TLSMGR_CACHES; i++)
		sessions_chores(state->sessions[i]);
}

/* Being started is all that is wanted of us by whoever wakes us. */
static void
woken(struct service_context *ctx, struct view requests)
{
	idle(ctx);
}

static void
stop(struct service_context *ctx)
{
	struct state *state = service_state(ctx);

	for (size_t i = 0; i < TLSMGR_CACHES; i++)
		sessions_close(state->sessions[i]);
	pool_close(state->pool);
	buf_wipe(&state->bytes);
}

static const struct service tlsmgr_service = {
	.name = "tlsmgr",
	.shape = SERVICE_MANY_CLIENTS,
	.flags = SERVICE_SOLITARY | SERVICE_NO_MAX_USE,
	.protocol = &tlsmgr_protocol,
	.bindings = bindings,
	.config_size = sizeof(struct tlsmgr_config),
	.promises = "stdio",
	.prepare = prepare,
	.serve = serve,
	.trigger = woken,
	.idle = idle,
	.stop = stop,
};

int
main(int argc, char **argv)
{
	return service_main(&tlsmgr_service, argc, argv);
}

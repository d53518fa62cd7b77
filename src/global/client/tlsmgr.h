/*
 * tlsmgr client: what the TLS engines of all processes share: sessions that may be resumed, the keys of session tickets,
 * and randomness. Sessions are bytes that mean something to the engine only. Whatever fails means a full handshake, never
 * a failed connection.
 */
#ifndef GLOBAL_CLIENT_TLSMGR_H
#define GLOBAL_CLIENT_TLSMGR_H

#include "table/table.h"
#include "util/ipc/channel.h"

extern const struct ipc_protocol tlsmgr_protocol;

enum tlsmgr_cache { TLSMGR_SMTPD, TLSMGR_SMTP, TLSMGR_LMTP, TLSMGR_CACHES };
enum { TLSMGR_ID_MAX = 1024, TLSMGR_SESSION_MAX = 48 * 1024, TLSMGR_SEED_MAX = 4096 };
enum { TLSMGR_KEY_NAME = 16, TLSMGR_KEY = 32 };

struct tlsmgr_ticket_key {
	unsigned char name[TLSMGR_KEY_NAME], cipher[TLSMGR_KEY], mac[TLSMGR_KEY];
	long long signs_until, opens_until;	/* wall clock, seconds */
};

struct tlsmgr;

struct tlsmgr	*tlsmgr_new(const char *path, msec_t timeout_ms);	/* "private/tlsmgr" */
void		 tlsmgr_free(struct tlsmgr *tlsmgr);		/* also closes the connection, for a process that rests */

bool		 tlsmgr_seed(struct tlsmgr *tlsmgr, size_t bytes, struct buf *out);
/* Are sessions of this kind kept at all, and for how long? False: could not ask. */
bool		 tlsmgr_policy(struct tlsmgr *tlsmgr, enum tlsmgr_cache cache, bool *kept, int *timeout_sec);
enum lookup	 tlsmgr_lookup(struct tlsmgr *tlsmgr, enum tlsmgr_cache cache, struct view id, struct buf *session);
bool		 tlsmgr_update(struct tlsmgr *tlsmgr, enum tlsmgr_cache cache, struct view id, struct view session);
bool		 tlsmgr_delete(struct tlsmgr *tlsmgr, enum tlsmgr_cache cache, struct view id);
/* name "": the key to sign new tickets with; else the one of this name. LOOKUP_NONE: no tickets, or too old a key. */
enum lookup	 tlsmgr_ticket_key(struct tlsmgr *tlsmgr, struct view name, struct tlsmgr_ticket_key *out);

/* The two sides of the wire. */
enum {
	TLSMGR_FRAME_SEED = FRAME_TYPE_FIRST, TLSMGR_FRAME_POLICY, TLSMGR_FRAME_LOOKUP, TLSMGR_FRAME_UPDATE,
	TLSMGR_FRAME_DELETE, TLSMGR_FRAME_TICKET_KEY, TLSMGR_FRAME_ANSWER,
};

struct tlsmgr_question {
	int cache;			/* enum tlsmgr_cache */
	int bytes;			/* seed */
	struct view id;			/* of a session, or the name of a key */
	struct view session;
};

struct tlsmgr_answer {
	int result;			/* enum lookup: FOUND is success */
	struct view bytes;		/* seed, or session */
	bool kept;
	int timeout_sec;
	struct view name, cipher, mac;
	int64_t signs_until, opens_until;
};

void		 tlsmgr_question_put(struct buf *out, unsigned type, const struct tlsmgr_question *question);
bool		 tlsmgr_question_get(const struct frame *frame, struct tlsmgr_question *question, struct buf *why);
void		 tlsmgr_answer_put(struct buf *out, const struct tlsmgr_answer *answer);
bool		 tlsmgr_answer_get(const struct frame *frame, struct tlsmgr_answer *answer, struct buf *why);

#endif

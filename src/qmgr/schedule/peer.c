#include "qmgr/schedule/schedule.h"

static struct view
key_of(struct destination *const *destination)
{
	return view_bytes(destination, sizeof(*destination));
}

struct peer *
peer_get(struct job *job, struct destination *destination)
{
	struct peer *peer = hash_get(job->peers, key_of(&destination));

	if (peer != NULL)
		return peer;
	peer = mem_new(sizeof(*peer));
	peer->job = job;
	peer->destination = destination;
	list_init(&peer->entries);
	hash_put(job->peers, key_of(&destination), peer);
	return peer;
}

void
peer_forget_if_idle(struct peer *peer)
{
	if (peer->entry_count > 0)
		return;
	hash_remove(peer->job->peers, key_of(&peer->destination));
	list_remove(&peer->link);
	mem_free(peer);
}

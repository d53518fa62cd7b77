#include "qmgr/schedule/schedule.h"

static struct entry *
entry_new(struct peer *peer)
{
	struct entry *entry = mem_new(sizeof(*entry));

	arena_init(&entry->arena);
	entry->message = peer->job->message;
	entry->peer = peer;
	entry->destination = peer->destination;
	list_append(&peer->entries, &entry->peer_link);
	list_append(&peer->destination->todo_entries, &entry->destination_link);
	peer->entry_count++;
	peer->job->entries_read++;
	peer->destination->todo++;
	entry->message->entries++;
	return entry;
}

/* The last entry that is not yet sent, when it has room for one more. */
static struct entry *
open_entry(struct peer *peer)
{
	int limit = peer->job->transport->limits.destination_recipient_limit;
	struct entry *last;

	if (list_empty(&peer->entries))
		return NULL;
	last = CONTAINER_OF(peer->entries.prev, struct entry, peer_link);
	if (peer->job->message->single_recipient)
		limit = 1;
	return limit == 0 || last->count < (size_t)limit ? last : NULL;
}

static void
put_recipient(struct entry *entry, const struct queue_recipient *recipient)
{
	struct queue_recipient *copy;

	if (entry->count == entry->room) {
		size_t room = entry->room > 0 ? 4 * entry->room : 1;
		struct queue_recipient *list = arena_alloc_array(&entry->arena, room, sizeof(*list));

		if (entry->count > 0)
			memcpy(list, entry->recipients, entry->count * sizeof(*list));
		entry->recipients = list;
		entry->room = room;
	}
	copy = &entry->recipients[entry->count++];
	*copy = *recipient;
	copy->address = arena_view(&entry->arena, recipient->address);
	copy->original = arena_view(&entry->arena, recipient->original);
	copy->dsn_orcpt = arena_view(&entry->arena, recipient->dsn_orcpt);
}

void
entry_add(struct peer *peer, const struct queue_recipient *recipient)
{
	struct entry *entry = open_entry(peer);
	struct job *job = peer->job;

	if (entry == NULL) {
		entry = entry_new(peer);
		if (!list_linked(&peer->link))
			list_append(&job->ready_peers, &peer->link);
		destination_check_room(peer->destination);
		job_enlist(job);
	}
	put_recipient(entry, recipient);
	job->recipients++;
	entry->message->recipients++;
	job->transport->schedule->recipients++;
}

void
entry_select(struct entry *entry)
{
	struct destination *destination = entry->destination;

	list_remove(&entry->peer_link);
	if (list_empty(&entry->peer->entries))
		list_remove(&entry->peer->link);
	list_remove(&entry->destination_link);
	list_append(&destination->busy_entries, &entry->destination_link);
	entry->selected = true;
	entry->peer->job->entries_selected++;
	destination->todo--;
	destination->busy++;
	destination_check_room(destination);
}

static void
suspension_over(void *arg)
{
	destination_revive(arg);
}

/* A rate delay holds after every delivery, and takes the place of a dead state. */
static void
after_delivery(struct destination *destination)
{
	struct transport *transport = destination->transport;

	destination->last_done = clock_now();
	if (transport->limits.destination_rate_delay_sec == 0)
		return;
	destination->window = WINDOW_SUSPENDED;
	wakeup_start(transport->schedule, &destination->wakeup, (msec_t)transport->limits.destination_rate_delay_sec * 1000,
	    suspension_over, destination);
}

static void
leave_destination(struct entry *entry)
{
	struct destination *destination = entry->destination;

	list_remove(&entry->destination_link);
	if (entry->selected) {
		destination->busy--;
		after_delivery(destination);
	} else {
		destination->todo--;
	}
	destination_check_room(destination);
}

static void
leave_peer(struct entry *entry)
{
	struct peer *peer = entry->peer;

	peer->entry_count--;
	if (entry->selected)
		return;
	peer->job->entries_read--;
	list_remove(&entry->peer_link);
	if (list_empty(&peer->entries))
		list_remove(&peer->link);
}

void
entry_done(struct entry *entry)
{
	struct message *message = entry->message;
	struct destination *destination = entry->destination;
	struct schedule *schedule = destination->transport->schedule;
	struct peer *peer = entry->peer;
	struct job *job = peer->job;

	leave_destination(entry);
	leave_peer(entry);
	job->recipients -= entry->count;
	message->recipients -= entry->count;
	schedule->recipients -= entry->count;
	message->entries--;
	arena_fini(&entry->arena);
	mem_free(entry);
	peer_forget_if_idle(peer);
	job_pass_slots(job);
	job_forget_if_idle(job);
	destination_forget_if_idle(destination);
	if (message->entries == 0 && !message->busy)
		schedule->hooks.finished(message, schedule->hooks.arg);
}

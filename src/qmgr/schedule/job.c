/*
 * job: the order in which the messages of a transport are served: by age, but a small message may stand in front of a
 * large one that has been served for some time. The large one pays for it with slots it earned by its own deliveries.
 */
#include "qmgr/schedule/schedule.h"

static size_t
unselected(const struct job *job)
{
	return job->entries_read - job->entries_selected;
}

/* All that a job will have to send, where each recipient still in the file counts as one. */
static size_t
remaining(const struct job *job)
{
	return unselected(job) + job->message->unread;
}

static void
jobs_changed(struct transport *transport)
{
	transport->candidate_known = false;
}

void
transport_unblock(struct transport *transport)
{
	transport->blocking++;
	transport->current = NULL;
	jobs_changed(transport);
}

/* -- coming and going ---------------------------------------------------------------------------------------------- */

static void
insert_by_time(struct job *job)
{
	struct list *head = &job->transport->jobs_by_time, *behind = head->prev;

	while (behind != head && CONTAINER_OF(behind, struct job, time_link)->queued > job->queued)
		behind = behind->prev;
	list_prepend(behind, &job->time_link);
}

struct job *
job_get(struct message *message, struct transport *transport)
{
	struct job *job;

	LIST_FOREACH(old, &message->jobs, struct job, message_link)
		if (old->transport == transport)
			return old;
	job = mem_new(sizeof(*job));
	job->message = message;
	job->transport = transport;
	job->peers = hash_new();
	job->queued = message->queued;
	list_init(&job->ready_peers);
	list_append(&message->jobs, &job->message_link);
	insert_by_time(job);
	job->recipient_limit = transport->slots_free;
	message->recipient_limit += (size_t)job->recipient_limit;
	transport->slots_free = 0;
	return job;
}

/* Behind all that are older or stand in front of somebody. */
static void
insert_to_serve(struct job *job)
{
	struct list *head = &job->transport->jobs, *behind = head->prev;

	while (behind != head) {
		const struct job *other = CONTAINER_OF(behind, struct job, link);

		if (other->queued <= job->queued || other->preempted != NULL)
			break;
		behind = behind->prev;
	}
	list_prepend(behind, &job->link);
}

void
job_enlist(struct job *job)
{
	struct transport *transport = job->transport;

	jobs_changed(transport);
	job->blocking = 0;
	if (!list_linked(&job->link))
		insert_to_serve(job);
	if (job->link.next != &transport->jobs)
		transport->current = NULL;
}

static void
return_extra(struct job *job)
{
	job->transport->extra_free += job->extra;
	job->recipient_limit -= job->extra;
	job->message->recipient_limit -= (size_t)job->extra;
	job->extra = 0;
}

static void
leave_unpaid(struct job *job)
{
	job->preempted = NULL;
	job->need = job->used = 0;
	job->transport->preempting--;
	return_extra(job);
}

/* Leaves its place in front of another job; what it did not use of the price is given back. */
static void
leave_stack(struct job *job)
{
	int left = job->need - job->used;

	if (job->preempted == NULL)
		return;
	if (left > 0)
		job->preempted->slots_available += left * job->transport->limits.slot_cost;
	leave_unpaid(job);
}

/* Those who stand in front of a job that goes keep their place, and owe nobody. */
static void
release_preemptors(struct job *job)
{
	if (job->transport->preempting == 0)
		return;
	LIST_FOREACH(other, &job->transport->jobs, struct job, link)
		if (other->preempted == job)
			leave_unpaid(other);
}

static void
retire(struct job *job)
{
	struct transport *transport = job->transport;

	jobs_changed(transport);
	leave_stack(job);
	if (transport->current == job)
		transport->current = LIST_NEXT(&transport->jobs, job, struct job, link);
	if (transport->candidate == job || transport->candidate_for == job)
		transport->candidate = transport->candidate_for = NULL;
	release_preemptors(job);
	list_remove(&job->link);
}

void
job_forget_if_idle(struct job *job)
{
	struct transport *transport = job->transport;

	if (hash_count(job->peers) > 0) {
		if (list_linked(&job->link) && unselected(job) == 0)
			retire(job);
		return;
	}
	if (list_linked(&job->link))
		retire(job);
	if (job->message->unread > 0)
		return;
	transport->slots_free += job->recipient_limit;
	job->message->recipient_limit -= (size_t)job->recipient_limit;
	list_remove(&job->time_link);
	list_remove(&job->message_link);
	hash_free(job->peers, NULL);
	mem_free(job);
}

/* The next job, by age, whose message waits for room. */
static struct job *
next_in_need(struct transport *transport)
{
	if (transport->schedule->unread_messages == 0)
		return NULL;
	LIST_FOREACH(job, &transport->jobs_by_time, struct job, time_link)
		if (job->message->unread > 0)
			return job;
	return NULL;
}

void
job_pass_slots(struct job *job)
{
	struct transport *transport = job->transport;
	int left = job->recipient_limit - job->extra - (int)job->recipients;
	struct job *next;

	if (job->message->unread > 0 || left <= 0)
		return;
	job->recipient_limit -= left;
	job->message->recipient_limit -= (size_t)left;
	if ((next = next_in_need(transport)) == NULL) {
		transport->slots_free += left;
		return;
	}
	next->recipient_limit += left;
	next->message->recipient_limit += (size_t)left;
}

static void
consider_refill(struct job *job)
{
	struct message *message = job->message;
	struct schedule *schedule = job->transport->schedule;
	const struct transport_limits *limits = &job->transport->limits;
	size_t room = message_room(schedule, message);
	bool waited = clock_now() - message->refilled >= (msec_t)limits->refill_delay_sec * 1000;

	if (message->unread == 0 || message->busy || room == 0)
		return;
	if (room >= (size_t)limits->refill_limit || waited || unselected(job) == 0)
		schedule->hooks.refill(message, schedule->hooks.arg);
}

/* -- preemption ---------------------------------------------------------------------------------------------------- */

static bool
is_ancestor(const struct job *job, const struct job *of)
{
	for (of = of->preempted; of != NULL; of = of->preempted)
		if (of == job)
			return true;
	return false;
}

/* The best score per entry wins; jobs come by age, so the search ends when even a single entry could not do better. */
static struct job *
find_candidate(struct job *current)
{
	struct transport *transport = current->transport;
	long long most = ((long long)unselected(current) + current->slots_available) / transport->limits.slot_cost;
	msec_t now = clock_now();
	struct job *best = NULL;
	double best_score = 0;

	for (struct job *job = LIST_NEXT(&transport->jobs, current, struct job, link); job != NULL;
	    job = LIST_NEXT(&transport->jobs, job, struct job, link)) {
		double age = (double)((now - job->queued) / 1000 + 1);
		double score = age / (double)remaining(job);

		if (best != NULL && age <= best_score)
			break;
		if (job->blocking == transport->blocking || unselected(job) == 0 || is_ancestor(job, current) ||
		    (long long)remaining(job) > most)
			continue;
		if (best == NULL || score > best_score) {
			best = job;
			best_score = score;
		}
	}
	return best;
}

static struct job *
candidate_for(struct job *current)
{
	struct transport *transport = current->transport;
	msec_t now_sec = clock_now() / 1000;

	if (!transport->candidate_known || transport->candidate_for != current || transport->candidate_sec != now_sec) {
		transport->candidate = find_candidate(current);
		transport->candidate_for = current;
		transport->candidate_sec = now_sec;
		transport->candidate_known = true;
	}
	return transport->candidate;
}

static void
give_extra(struct job *job)
{
	int extra = job->message->unread > 0 ? (job->transport->extra_free + 1) / 2 : 0;

	job->extra = extra;
	job->transport->extra_free -= extra;
	job->recipient_limit += extra;
	job->message->recipient_limit += (size_t)extra;
}

static void
put_in_front(struct job *candidate, struct job *current, int need)
{
	struct transport *transport = current->transport;

	leave_stack(candidate);
	list_remove(&candidate->link);
	list_insert_before(&current->link, &candidate->link);
	candidate->preempted = current;
	transport->preempting++;
	candidate->need = need;
	candidate->used = 0;
	give_extra(candidate);
	current->slots_available -= need * transport->limits.slot_cost;
	transport->current = candidate;
	jobs_changed(transport);
}

/* Who is to be served instead of the current job: another, or itself. */
static struct job *
preempt(struct job *current)
{
	const struct transport_limits *limits = &current->transport->limits;
	size_t total = current->entries_read + current->message->unread;
	struct job *candidate;
	int need;

	if (limits->slot_cost < 2 || current->slots_available <= 0 ||
	    total < (size_t)limits->minimum_slots * (size_t)limits->slot_cost)
		return current;
	if ((candidate = candidate_for(current)) == NULL)
		return current;
	need = (int)remaining(candidate);
	if (current->slots_available / limits->slot_cost + limits->slot_loan < need * (100 - limits->slot_discount) / 100.0)
		return current;
	put_in_front(candidate, current, need);
	return candidate;
}

/* -- choosing ------------------------------------------------------------------------------------------------------ */

/* In turn, so that the destinations of a message share its service. */
static struct peer *
next_peer(struct job *job)
{
	LIST_FOREACH(peer, &job->ready_peers, struct peer, link)
		if (peer->destination->window > peer->destination->busy) {
			list_remove(&peer->link);
			list_append(&job->ready_peers, &peer->link);
			return peer;
		}
	return NULL;
}

static void
block(struct job *job)
{
	job->blocking = job->transport->blocking;
	LIST_FOREACH(peer, &job->ready_peers, struct peer, link)
		peer->destination->blocking = job->transport->blocking;
}

static struct entry *
take_entry(struct job *job, struct peer *peer)
{
	struct entry *entry = LIST_FIRST(&peer->entries, struct entry, peer_link);

	entry_select(entry);
	job->slots_available++;
	job->used++;
	consider_refill(job);
	if (unselected(job) == 0)
		retire(job);
	return entry;
}

/* The first job that is not known to be blocked. */
static struct job *
first_job(struct transport *transport)
{
	struct job *job = transport->current;

	if (job == NULL)
		job = LIST_FIRST(&transport->jobs, struct job, link);
	while (job != NULL && job->blocking == transport->blocking)
		job = LIST_NEXT(&transport->jobs, job, struct job, link);
	return job;
}

struct entry *
job_select_entry(struct transport *transport)
{
	struct job *job = first_job(transport), *after;
	struct peer *peer;

	if (job != NULL)
		job = preempt(job);
	for (; job != NULL; job = after) {
		after = LIST_NEXT(&transport->jobs, job, struct job, link);
		if (job->blocking == transport->blocking)
			continue;
		transport->current = job;
		if ((peer = next_peer(job)) != NULL)
			return take_entry(job, peer);
		if (unselected(job) > 0)
			block(job);
		else
			retire(job);
	}
	transport->current = NULL;
	return NULL;
}

#include <assert.h>

#include "qmgr/schedule/schedule.h"
#include "util/log/log.h"

enum { READ_MAX = 5000 };

void
message_init(struct schedule *schedule, struct message *message)
{
	*message = (struct message){ .recipient_limit = (size_t)schedule->limits.recipient_minimum };
	list_init(&message->jobs);
	message->queued = message->refilled = clock_now();
	schedule->messages++;
}

void
message_fini(struct schedule *schedule, struct message *message)
{
	assert(message->entries == 0);
	message_set_unread(schedule, message, 0);
	message_assigned(message);
	assert(list_empty(&message->jobs));
	schedule->messages--;
}

void
message_set_unread(struct schedule *schedule, struct message *message, size_t unread)
{
	if (message->unread > 0)
		schedule->unread_messages--;
	message->unread = unread;
	if (unread > 0)
		schedule->unread_messages++;
}

size_t
message_room(const struct schedule *schedule, const struct message *message)
{
	size_t limit = (size_t)schedule->limits.recipient_limit;
	size_t room = message->recipient_limit > message->recipients ? message->recipient_limit - message->recipients : 0;
	size_t others = limit > schedule->recipients ? limit - schedule->recipients : 0;

	if (list_empty(&message->jobs) && others > room)
		room = others;
	return room > READ_MAX ? READ_MAX : room;
}

static void
warn_clogged(struct destination *destination)
{
	const struct schedule_limits *limits = &destination->transport->schedule->limits;
	int used = destination->todo + destination->busy;
	msec_t now = clock_now();

	if (!limits->helpful_warnings || limits->clog_warn_sec == 0 || used <= limits->message_limit / 5)
		return;
	if (destination->clog_warned != 0 && now - destination->clog_warned < (msec_t)limits->clog_warn_sec * 1000)
		return;
	destination->clog_warned = now > 0 ? now : 1;
	log_warn("mail for %s is using up %d of %d active queue entries", destination->nexthop, used, limits->message_limit);
	log_warn("this may slow down other mail; see %s_destination_concurrency_limit and the time limits of that transport",
	    destination->transport->name);
}

void
message_assign(struct message *message, struct destination *destination, const struct queue_recipient *recipient)
{
	struct job *job = job_get(message, destination->transport);

	entry_add(peer_get(job, destination), recipient);
	warn_clogged(destination);
}

void
message_assigned(struct message *message)
{
	LIST_FOREACH_SAFE(job, after, &message->jobs, struct job, message_link) {
		job_pass_slots(job);
		job_forget_if_idle(job);
	}
}

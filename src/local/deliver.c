#include "local/deliver.h"

#include "util/log/log.h"

/* Logs one destination; only the last word on the recipient itself is marked in the queue file. */
static bool
report(struct local_delivery *delivery, struct view address, const struct dsn *dsn)
{
	struct queue_recipient shown = *delivery->recipient;

	shown.address = address;
	shown.offset = -1;		/* not yet: other destinations may have to wait */
	if (view_empty(shown.original) && !view_equal(address, delivery->recipient->address))
		shown.original = delivery->recipient->address;
	if (dsn->status[0] == '2')
		return delivery_sent(delivery->request, &shown, "local", dsn);
	if (dsn->status[0] == '5')
		return delivery_bounced(delivery->request, &shown, "local", dsn);
	return delivery_deferred(delivery->request, &shown, "local", dsn);
}

static bool
deliver_users(struct local_delivery *delivery)
{
	struct dsn dsn;
	bool done = true;

	dsn_init(&dsn);
	LIST_FOREACH(target, &delivery->users, struct target, link) {
		if (!delivery->agent->config->frozen_delivered_to)
			delivery->delivered_to = target->address;
		local_mailbox(delivery, target, &dsn);
		done = report(delivery, target->address, &dsn) && done;
	}
	dsn_fini(&dsn);
	return done;
}

static bool
deliver_forwards(struct local_delivery *delivery)
{
	struct dsn dsn;
	bool done;

	if (list_empty(&delivery->forwards))
		return true;
	dsn_init(&dsn);
	local_forward(delivery, &dsn);
	done = report(delivery, delivery->recipient->address, &dsn);
	dsn_fini(&dsn);
	return done;
}

static bool
mark_done(struct local_delivery *delivery)
{
	struct buf why = BUF_INIT;
	bool ok = delivery->recipient->offset <= 0 || queue_mark_done(delivery->request->fd, delivery->recipient->offset, &why);

	if (!ok)
		log_warn("%.*s: %s", VIEW_ARG(delivery->request->queue_id), buf_c(&why));
	buf_fini(&why);
	return ok;
}

/* True when nothing is left to do for this recipient. */
static bool
deliver_recipient(struct local_delivery *delivery)
{
	if (message_was_delivered_to(delivery->request, delivery->recipient->address))
		dsn_set(&delivery->failure, "5.4.6", "mail forwarding loop for %.*s", VIEW_ARG(delivery->recipient->address));
	else
		local_expand(delivery, delivery->recipient->address);
	if (delivery->failure.status[0] == '4')		/* before anything was done: wait */
		return report(delivery, delivery->recipient->address, &delivery->failure);
	if (!deliver_users(delivery) || !deliver_forwards(delivery))
		return false;
	if (delivery->failure.status[0] != '\0' && !report(delivery, delivery->recipient->address, &delivery->failure))
		return false;
	return mark_done(delivery);
}

void
local_deliver(void *agent, struct delivery_request *request, struct delivery_report *out)
{
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < request->recipient_count; i++) {
		struct local_delivery delivery = { .agent = agent, .request = request, .recipient = &request->recipients[i],
			.arena = &arena, .sender = request->sender, .delivered_to = request->recipients[i].address };

		list_init(&delivery.users);
		list_init(&delivery.forwards);
		dsn_init(&delivery.failure);
		if (!deliver_recipient(&delivery))
			out->result = DELIVERY_DEFERRED;
		dsn_fini(&delivery.failure);
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

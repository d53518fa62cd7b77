#include "local/deliver.h"

#include "global/address/address.h"
#include "global/delivery/handover.h"
#include "util/log/log.h"

/* -- what became of it --------------------------------------------------------------------------------------------- */

/* Success notices of members would tell the sender what an alias stands for: he is told once, that it was expanded. */
static int
member_notify(const struct local_delivery *delivery, int notify)
{
	if (!delivery->expanded || !(notify & DSN_NOTIFY_SUCCESS))
		return notify;
	notify &= ~DSN_NOTIFY_SUCCESS;
	return notify == 0 ? DSN_NOTIFY_NEVER : notify;
}

/* The recipient as a destination is logged and reported: not yet marked, as other destinations may have to wait. */
static struct queue_recipient
shown(const struct local_delivery *delivery, struct view address)
{
	struct queue_recipient recipient = *delivery->recipient;

	recipient.address = address;
	recipient.offset = -1;
	recipient.dsn_notify = member_notify(delivery, recipient.dsn_notify);
	if (view_empty(recipient.original) && !view_equal(address, delivery->recipient->address))
		recipient.original = delivery->recipient->address;
	return recipient;
}

/* Logs what became of something, of which this sender hears. False: it, and so the recipient, has to wait. */
static bool
report_to(struct local_delivery *delivery, struct view sender, struct view address, const struct dsn *dsn)
{
	struct queue_recipient recipient = shown(delivery, address);
	struct delivery_request request = *delivery->request;

	request.own_sender = !view_equal(sender, request.sender);
	request.sender = sender;
	identity_restore();
	return delivery_conclude(&request, &recipient, delivery->agent->service, dsn);
}

static bool
report(struct local_delivery *delivery, struct view address, const struct dsn *dsn)
{
	return report_to(delivery, delivery->request->sender, address, dsn);
}

/* -- destinations -------------------------------------------------------------------------------------------------- */

struct view
local_delivered_to(const struct local_delivery *delivery, const struct step *step)
{
	return delivery->agent->config->frozen_delivered_to ? delivery->recipient->address : step->address;
}

struct copy_envelope
local_envelope(const struct local_delivery *delivery, const struct target *target, unsigned kind)
{
	const struct queue_recipient *recipient = delivery->recipient;
	struct copy_envelope envelope = { target->step->sender,
		view_empty(recipient->original) ? recipient->address : recipient->original,
		local_delivered_to(delivery, target->step), COPY_RETURN_PATH, NULL };

	if (delivery->request->settings->original_recipient)
		envelope.flags |= COPY_ORIGINAL_TO;
	if (delivery->agent->prepend_delivered & kind)
		envelope.flags |= COPY_DELIVERED_TO;
	return envelope;
}

static void
log_passing(const struct delivery_request *request, struct view where)
{
	struct view transport = where, nexthop;
	struct buf to = BUF_INIT;

	view_split(where, ':', &transport, &nexthop);
	address_quote(&to, request->recipients[0].address);
	log_info("%.*s: passing <%s> to transport=%.*s", VIEW_ARG(request->queue_id), buf_c(&to), VIEW_ARG(transport));
	buf_fini(&to);
}

/* The other agent logs, and tells the sender; here only the outcome counts. */
static bool
by_transport(struct local_delivery *delivery, const struct target *target, struct dsn *dsn)
{
	struct queue_recipient recipient = shown(delivery, target->step->address);
	struct delivery_request request = *delivery->request;

	identity_restore();
	request.sender = target->step->sender;
	request.recipients = &recipient;
	request.recipient_count = 1;
	log_passing(&request, target->text);
	switch (delivery_hand_over(&request, target->text, dsn)) {
	case HANDOVER_DONE:
		return true;
	case HANDOVER_DEFERRED:
		return false;
	default:
		return report_to(delivery, target->step->sender, target->step->address, dsn);
	}
}

static bool
deliver_target(struct local_delivery *delivery, const struct target *target, struct dsn *dsn)
{
	switch (target->kind) {
	case TARGET_MAILBOX:
		local_mailbox(delivery, target, dsn);
		break;
	case TARGET_FILE:
		local_file(delivery, target, dsn);
		break;
	case TARGET_COMMAND:
		local_command(delivery, target, dsn);
		break;
	case TARGET_TRANSPORT:
		return by_transport(delivery, target, dsn);
	case TARGET_FORWARD:		/* with -bv nothing is sent: each is told where it would go */
		if (!(delivery->request->flags & DELIVERY_TRACE))
			return true;
		dsn_set(dsn, "2.0.0", "forwards to %.*s", VIEW_ARG(target->text));
		break;
	case TARGET_PROBLEM:
		dsn_set(dsn, target->status, "%.*s", VIEW_ARG(target->text));
		break;
	}
	return report_to(delivery, target->step->sender, target->step->address, dsn);
}

static bool
same_message(const struct target *a, const struct target *b)
{
	return a->kind == TARGET_FORWARD && b->kind == TARGET_FORWARD && a->step->owned == b->step->owned &&
	    view_equal(a->step->sender, b->step->sender);
}

static bool
was_forwarded(const struct local_delivery *delivery, const struct target *target)
{
	LIST_FOREACH(each, &delivery->targets, struct target, link) {
		if (each == target)
			return false;
		if (same_message(each, target))
			return true;
	}
	return false;
}

/* A new message for the forwards of each sender. */
static bool
deliver_forwards(struct local_delivery *delivery, struct dsn *dsn)
{
	bool done = true;

	LIST_FOREACH(target, &delivery->targets, struct target, link) {
		if (target->kind != TARGET_FORWARD || was_forwarded(delivery, target))
			continue;
		local_forward(delivery, target->step->sender, target->step->owned, dsn);
		done = report(delivery, delivery->recipient->address, dsn) && done;
	}
	return done;
}

static bool
has_several(const struct list *targets)
{
	size_t count = 0;

	LIST_FOREACH(target, targets, struct target, link)
		count++;
	return count > 1;
}

/* One verdict for the address that was asked about: that of a .forward with several members is not the last one's. */
static bool
answer_probe(struct local_delivery *delivery, struct dsn *dsn)
{
	dsn_set(dsn, "2.0.0", "forwards to several destinations");
	return report(delivery, delivery->recipient->address, dsn);
}

static bool
deliver_targets(struct local_delivery *delivery)
{
	struct dsn dsn;
	bool done = true;

	dsn_init(&dsn);
	if ((delivery->request->flags & TRACE_PROBE) && has_several(&delivery->targets)) {
		done = answer_probe(delivery, &dsn);
		dsn_fini(&dsn);
		return done;
	}
	LIST_FOREACH(target, &delivery->targets, struct target, link)
		done = deliver_target(delivery, target, &dsn) && done;
	/* Last, and only when it will be the last time. */
	if (done && !(delivery->request->flags & DELIVERY_TRACE))
		done = deliver_forwards(delivery, &dsn);
	dsn_fini(&dsn);
	return done;
}

/* -- one recipient ------------------------------------------------------------------------------------------------- */

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

/* A list takes the mail over: what becomes of its members is its owner's concern (RFC 3461, 5.2.7.3). */
static bool
is_list(const struct local_delivery *delivery)
{
	LIST_FOREACH(target, &delivery->targets, struct target, link)
		if (target->step->owned)
			return true;
	return false;
}

static bool
tell_expanded(struct local_delivery *delivery)
{
	struct dsn dsn;
	bool ok;

	if (!delivery->expanded || !(delivery->recipient->dsn_notify & DSN_NOTIFY_SUCCESS))
		return true;
	dsn_init(&dsn);
	dsn_set(&dsn, "2.0.0", "alias expanded");
	buf_set(&dsn.action, is_list(delivery) ? VIEW("delivered") : VIEW("expanded"));
	ok = delivery_trace(delivery->request, delivery->recipient, delivery->agent->service, &dsn);
	dsn_fini(&dsn);
	return ok;
}

static void
bounce_loop(struct local_delivery *delivery)
{
	struct step *step = arena_alloc(delivery->arena, sizeof(*step));

	step->address = delivery->recipient->address;
	step->sender = delivery->request->sender;
	local_problem(delivery, step, "5.4.6", "mail forwarding loop for %.*s", VIEW_ARG(step->address));
}

/* True when nothing is left to do for this recipient. */
static bool
deliver_recipient(struct local_delivery *delivery)
{
	if (message_was_delivered_to(delivery->request, delivery->recipient->address))
		bounce_loop(delivery);
	else
		local_expand(delivery, delivery->recipient->address);
	if (delivery->wait.status[0] != '\0')		/* before anything was done */
		return report(delivery, delivery->recipient->address, &delivery->wait);
	return deliver_targets(delivery) && tell_expanded(delivery) && mark_done(delivery);
}

/* What this recipient stands for waits, and may never come: who is named by himself, too, does not wait for that. */
static struct hash *
forget(struct hash *seen)
{
	hash_free(seen, NULL);
	return hash_new();
}

void
local_deliver(void *agent, struct delivery_request *request, struct delivery_report *out)
{
	struct arena arena = ARENA_INIT;
	struct hash *seen = hash_new();

	for (size_t i = 0; i < request->recipient_count; i++) {
		struct local_delivery delivery = { .agent = agent, .request = request, .recipient = &request->recipients[i],
			.arena = &arena, .seen = seen };

		list_init(&delivery.targets);
		dsn_init(&delivery.wait);
		if (!deliver_recipient(&delivery)) {
			out->result = DELIVERY_DEFERRED;
			seen = forget(seen);
		}
		identity_restore();
		dsn_fini(&delivery.wait);
		arena_reset(&arena);
	}
	hash_free(seen, NULL);
	arena_fini(&arena);
}

/* resolve: where each recipient goes: redirect, content filter, or what trivial-rewrite says. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "global/address/address.h"
#include "global/maillog/maillog.h"
#include "qmgr/qmgr.h"
#include "util/file/file.h"
#include "util/log/log.h"

struct place {
	struct queue_recipient recipient;
	struct view transport, nexthop, queue, domain;
	bool dropped;
};

struct resolution {
	struct mail *mail;
	struct arena arena;
	struct place *places;
	size_t count, next;
	bool running;		/* inside advance(): answers from the cache come while we ask */
	bool answered;
};

static void	advance(struct resolution *resolution);

static struct view
domain_of(struct view address)
{
	struct view local, domain;

	return address_split(address, &local, &domain) ? domain : VIEW_EMPTY;
}

static void
place_error(struct place *place, const char *transport, const char *reason)
{
	place->transport = view_string(transport);
	place->nexthop = view_string(reason);
}

/* -- the ways to a place ------------------------------------------------------------------------------------------- */

static void
place_by_filter(struct resolution *r, struct place *place)
{
	const struct qmgr_config *config = r->mail->qmgr->config;
	struct view filter = r->mail->envelope.filter, domain = domain_of(place->recipient.address);

	if (!view_split(filter, ':', &place->transport, &place->nexthop)) {
		place->transport = filter;
		place->nexthop = VIEW_EMPTY;
	}
	if (view_empty(place->nexthop))
		place->nexthop = view_string(config->default_filter_nexthop);
	if (view_empty(place->nexthop))
		place->nexthop = view_empty(domain) ? view_string(config->myhostname) : domain;
}

/* Notices about notices end here. */
static bool
is_double_bounce(const struct qmgr *qmgr, const struct resolve_reply *reply)
{
	struct view local, domain;

	return reply->domain_class == RESOLVE_LOCAL && address_split(reply->recipient, &local, &domain) &&
	    view_is_nocase(local, qmgr->config->double_bounce_sender);
}

/* A message that was read as it was announced has no file open. */
static void
mark_done(struct mail *mail, off_t offset)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	int fd = mail->fd;

	mail_path(mail, &path);
	if (fd == -1)
		fd = file_open(buf_c(&path), O_RDWR, 0, &why);
	if (fd == -1 || !queue_mark_done(fd, offset, &why))
		log_warn("%s: %s", mail->id, buf_c(&why));
	if (fd != -1 && fd != mail->fd)
		close(fd);
	buf_fini(&why);
	buf_fini(&path);
}

static void
drop(struct mail *mail, struct place *place)
{
	struct maillog_delivery line = {
		.queue_id = view_string(mail->id), .recipient = place->recipient.address,
		.original = place->recipient.original, .relay = "none", .arrival = mail->envelope.arrival,
		.queued = mail->queued, .done = clock_wall(), .dsn = "2.0.0", .status = "sent",
		.text = VIEW("undeliverable postmaster notification discarded"),
	};

	place->dropped = true;
	maillog_delivery(&line);
	mark_done(mail, place->recipient.offset);
}

static void
place_by_reply(struct resolution *r, struct place *place, const struct resolve_reply *reply)
{
	if (reply->flags & RESOLVE_FLAG_FAIL) {
		place_error(place, "retry", "4.3.0 address resolver failure");
	} else if (reply->flags & RESOLVE_FLAG_ERROR) {
		place_error(place, r->mail->qmgr->config->error_service, "5.1.3 bad address syntax");
	} else if (view_empty(reply->recipient)) {
		place_error(place, r->mail->qmgr->config->error_service, "5.1.3 null recipient address");
	} else if (is_double_bounce(r->mail->qmgr, reply)) {
		drop(r->mail, place);
	} else {
		place->transport = arena_view(&r->arena, reply->transport);
		place->nexthop = arena_view(&r->arena, reply->nexthop);
		place->recipient.address = arena_view(&r->arena, reply->recipient);
	}
}

static bool
is_listed(const char *list, struct view name)
{
	struct view rest = view_string(list), word;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_equal(word, name))
			return true;
	return false;
}

/* What holds for any way: deferred transports, and the number of probes. */
static void
override_place(struct resolution *r, struct place *place)
{
	struct mail *mail = r->mail;
	struct qmgr *qmgr = mail->qmgr;

	if (mail->expire)
		place_error(place, "retry", "4.7.0 message is administratively expired");
	else if (!mail->flush && is_listed(qmgr->config->defer_transports, place->transport))
		place_error(place, "retry", "4.3.2 deferred transport");
	else if ((mail->envelope.trace_flags & TRACE_PROBE) && qmgr->probes > (size_t)qmgr->config->probe_limit)
		place_error(place, "retry", "4.3.2 Too many address verification requests");
}

/* -- one after the other ------------------------------------------------------------------------------------------- */

static void
resolved(const struct resolve_reply *reply, void *arg)
{
	struct resolution *r = arg;

	place_by_reply(r, &r->places[r->next], reply);
	r->answered = true;
	if (!r->running) {
		r->next++;
		advance(r);
	}
}

/* False: the answer will come later. */
static bool
place_one(struct resolution *r)
{
	struct place *place = &r->places[r->next];
	const struct queue_envelope *envelope = &r->mail->envelope;
	int traced = envelope->trace_flags & (TRACE_PROBE | TRACE_USER_VERIFY);
	struct resolve_request request = {
		.sender = envelope->sender, .address = place->recipient.address,
		.verify = (envelope->trace_flags & TRACE_PROBE) != 0,
	};

	if (r->mail->expire)
		return true;
	if (!view_empty(envelope->filter) && !traced) {
		place_by_filter(r, place);
		return true;
	}
	r->answered = false;
	resolve_query_start(r->mail->qmgr->resolver, &request, resolved, r);
	return r->answered;
}

static struct view
queue_name(struct resolution *r, struct place *place)
{
	const struct qmgr_config *config = r->mail->qmgr->config;
	struct transport *transport = transport_get(&r->mail->qmgr->schedule, place->transport);
	struct view local = place->recipient.address, domain, user, extension;
	struct buf name = BUF_INIT;

	if (transport->limits.destination_recipient_limit == 1 && !view_is(place->transport, "error") &&
	    !view_is(place->transport, "retry")) {
		address_split(place->recipient.address, &local, &domain);
		if (address_split_extension(local, config->recipient_delimiter, config->owner_request_special, &user, &extension))
			local = user;
		buf_putv(&name, local);
		buf_putc(&name, '@');
	}
	buf_putv(&name, place->nexthop);
	buf_lower(&name);
	domain = arena_view(&r->arena, buf_view(&name));
	buf_fini(&name);
	return domain;
}

static int
compare_places(const void *one, const void *other)
{
	const struct place *a = one, *b = other;
	int diff = view_compare(a->transport, b->transport);

	if (diff == 0)
		diff = view_compare(a->queue, b->queue);
	if (diff == 0)
		diff = view_compare(a->domain, b->domain);
	return diff != 0 ? diff : view_compare(a->recipient.address, b->recipient.address);
}

/* Assigned first, and moved when the place turns out to be dead: so there is one way for both. */
static void
assign(struct mail *mail, const struct place *place)
{
	struct transport *transport = transport_get(&mail->qmgr->schedule, place->transport);
	struct destination *destination;

	if (mail->flush && transport->dead)
		transport_revive(transport);
	destination = destination_get(transport, place->queue, place->nexthop);
	message_assign(&mail->message, destination, &place->recipient);
	if (mail->flush && destination->window == WINDOW_DEAD)
		destination_revive(destination);
	if (transport->dead)
		destination_defer_todo(destination, &transport->reason);
	else if (destination->window == WINDOW_DEAD)
		destination_defer_todo(destination, &destination->reason);
}

static void
assign_all(struct resolution *r)
{
	struct mail *mail = r->mail;

	for (size_t i = 0; i < r->count; i++) {
		struct place *place = &r->places[i];

		if (place->dropped)
			continue;
		override_place(r, place);
		place->queue = queue_name(r, place);
		place->domain = domain_of(place->recipient.address);
	}
	qsort(r->places, r->count, sizeof(*r->places), compare_places);
	for (size_t i = 0; i < r->count; i++)
		if (!r->places[i].dropped)
			assign(mail, &r->places[i]);
	mail->resolution = NULL;
	arena_fini(&r->arena);
	mem_free(r);
	mail_assigned(mail);
}

static void
advance(struct resolution *r)
{
	r->running = true;
	while (r->next < r->count && place_one(r))
		r->next++;
	r->running = false;
	if (r->next == r->count)
		assign_all(r);
}

/* -- start --------------------------------------------------------------------------------------------------------- */

static void
count_probe(struct mail *mail)
{
	if (!(mail->envelope.trace_flags & TRACE_PROBE) || mail->probe_counted)
		return;
	mail->probe_counted = true;
	mail->qmgr->probes++;
}

void
resolve_start(struct mail *mail, struct arena arena, struct queue_recipient *recipients, size_t count)
{
	struct resolution *r = mem_new(sizeof(*r));

	count_probe(mail);
	r->mail = mail;
	r->arena = arena;
	r->count = count > 0 && !view_empty(mail->envelope.redirect) ? 1 : count;
	r->places = arena_alloc_array(&r->arena, r->count > 0 ? r->count : 1, sizeof(*r->places));
	for (size_t i = 0; i < r->count; i++)
		r->places[i].recipient = recipients[i];
	if (r->count == 1 && !view_empty(mail->envelope.redirect))
		r->places[0].recipient.address = mail->envelope.redirect;
	mail->resolution = r;
	advance(r);
}

/* recipient: from an address as it came to the recipients that stand in the queue file. */
#include "cleanup/message.h"
#include "global/address/address.h"
#include "global/address/mail_maps.h"
#include "global/client/bounce.h"
#include "global/maillog/maillog.h"
#include "global/queue/envelope.h"
#include "util/log/log.h"

void
recipient_remember(struct message *m, struct recipient_list *list, const struct message_recipient *recipient)
{
	struct message_recipient *items;

	if (list->count == list->room) {
		list->room = list->room == 0 ? 8 : 2 * list->room;
		items = arena_alloc_array(&m->arena, list->room, sizeof(*items));
		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
	}
	list->items[list->count++] = (struct message_recipient){
		.address = arena_view(&m->arena, recipient->address), .original = arena_view(&m->arena, recipient->original),
		.dsn_orcpt = arena_view(&m->arena, recipient->dsn_orcpt), .dsn_notify = recipient->dsn_notify,
	};
}

/* The envelope tuple: the same address under another demand is another recipient. */
static bool
seen_before(struct message *m, const struct message_recipient *recipient)
{
	const struct cleanup_config *config = m->cleanup->config;
	struct buf key = BUF_INIT;
	bool seen;

	if (config->original_recipient)
		buf_printf(&key, "%.*s\n%d\n%.*s\n", VIEW_ARG(recipient->dsn_orcpt), recipient->dsn_notify,
		    VIEW_ARG(recipient->original));
	buf_putv(&key, recipient->address);
	buf_lower(&key);
	seen = hash_get(m->seen_recipients, buf_view(&key)) != NULL;
	if (!seen && hash_count(m->seen_recipients) < (size_t)config->duplicate_filter_max)
		hash_put(m->seen_recipients, buf_view(&key), m);
	buf_fini(&key);
	return seen;
}

static void
put(struct message *m, const struct message_recipient *recipient)
{
	if (seen_before(m, recipient))
		return;
	if (recipient->dsn_notify != 0)
		message_put_attribute(m, "notify_flags", arena_printf(&m->arena, "%d", recipient->dsn_notify));
	message_put_attribute(m, "dsn_orig_rcpt", recipient->dsn_orcpt);
	if (!view_is_ascii(recipient->address))
		m->options |= QUEUE_OPTION_SMTPUTF8_RECIPIENT;
	message_put(m, RECORD_ORIGINAL, recipient->original);
	message_put(m, RECORD_RECIPIENT, recipient->address);
	bounce_keep(m, recipient);
	m->recipients++;
	m->notify |= (unsigned)recipient->dsn_notify;
	if (m->first_recipient.len == 0)
		m->first_recipient = arena_view(&m->arena, recipient->address);
}

/* RFC 3461, 5.2.7.3: an alias reports its expansion; its members then have no success to report. */
static void
note_expanded(struct message *m, struct message_recipient *recipient)
{
	recipient_remember(m, &m->expanded, recipient);
	m->notify |= DSN_NOTIFY_SUCCESS;
	recipient->dsn_notify &= ~DSN_NOTIFY_SUCCESS;
	if (recipient->dsn_notify == 0)
		recipient->dsn_notify = DSN_NOTIFY_NEVER;
}

bool
recipient_report_expanded(struct message *m)
{
	struct view path = arena_printf(&m->arena, "private/%s", m->cleanup->config->trace_service);
	bool ok = true;

	for (size_t i = 0; ok && i < m->expanded.count; i++) {
		const struct message_recipient *r = &m->expanded.items[i];
		struct bounce_entry entry = {
			.queue_id = buf_view(&m->id), .recipient = r->address, .original = r->original,
			.dsn_orcpt = r->dsn_orcpt, .dsn_notify = r->dsn_notify, .status = VIEW("2.0.0"),
			.action = VIEW("expanded"), .text = VIEW("alias expanded"),
		};

		ok = bounce_append(path.data, &entry, (msec_t)m->cleanup->config->ipc_timeout_sec * 1000);
	}
	return ok;
}

/* A probe is answered once, and an alias for several is good, whatever they are. */
static void
answer_probe(struct message *m, const struct message_recipient *recipient)
{
	const struct view text = VIEW("aliased to multiple recipients");
	const struct timeval now = clock_wall();
	const struct maillog_delivery line = {
		.queue_id = buf_view(&m->id), .recipient = recipient->address, .original = recipient->original, .relay = "none",
		.arrival = now, .queued = now, .agent_handoff = now, .done = now, .dsn = "2.0.0", .status = "deliverable", .text = text,
	};

	maillog_delivery(&line);
	buf_set(&m->reason, text);		/* verify waits for it */
	m->done_recipients++;
}

static void
put_expanded(struct message *m, const struct message_recipient *recipient)
{
	struct message_recipient each = *recipient;
	struct view *addresses;
	size_t count;

	if (!(m->flags & CLEANUP_MAP_VIRTUAL) || maps_empty(m->cleanup->virtual_alias)) {
		put(m, recipient);
		return;
	}
	if (!virtual_alias_expand(m, recipient->address, &addresses, &count))
		return;
	if (m->is_probe && count > 1) {
		answer_probe(m, recipient);
		return;
	}
	if ((each.dsn_notify & DSN_NOTIFY_SUCCESS) && (count > 1 || !view_equal(addresses[0], recipient->address)))
		note_expanded(m, &each);
	for (size_t i = 0; i < count && !message_failed(m); i++) {
		each.address = addresses[i];
		put(m, &each);
	}
}

static struct view
mapped(struct message *m, struct view address)
{
	struct buf out = BUF_INIT;
	struct view result = VIEW_EMPTY;

	if (address.len == 0)
		address = view_string(m->cleanup->config->rewrite.empty_address_recipient);
	if (address_map(m, REWRITE_LOCAL, CLASS_ENVELOPE_RECIPIENT, address, &out))
		result = arena_view(&m->arena, buf_view(&out));
	buf_fini(&out);
	return result;
}

/* RFC 3461, 5.2.1: without a wish of the sender's, it is the address as it is before aliases. */
static struct view
default_orcpt(struct message *m, struct view address)
{
	struct buf out = BUF_INIT;
	struct view result;

	if (address.len == 0 || !view_is_ascii(address))
		return VIEW_EMPTY;
	buf_puts(&out, "rfc822;");
	address_quote(&out, address);
	result = arena_view(&m->arena, buf_view(&out));
	buf_fini(&out);
	return result;
}

void
recipient_add(struct message *m, const struct message_recipient *recipient)
{
	struct message_recipient r = *recipient;

	if (r.original.len == 0)
		r.original = r.address;
	r.address = mapped(m, r.address);
	if (message_failed(m))
		return;
	if (r.dsn_orcpt.len == 0)
		r.dsn_orcpt = default_orcpt(m, r.address);
	put_expanded(m, &r);
	if (m->flags & CLEANUP_MAP_BCC)
		recipient_add_bcc(m, m->cleanup->recipient_bcc, r.address);
}

/* A copy nobody asked for by name: its failures are nobody's business. */
void
recipient_copy(struct message *m, struct view address)
{
	struct message_recipient r = { .address = mapped(m, address), .original = address, .dsn_notify = 1 };

	if (!message_failed(m))
		put_expanded(m, &r);
}

void
recipient_add_bcc(struct message *m, struct maps *maps, struct view key)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_USER_ALWAYS | ADDRESS_KEY_AT_DOMAIN;
	struct buf value = BUF_INIT;
	enum lookup result;

	if (maps_empty(maps))
		return;
	result = mail_maps_lookup(maps, key, m->cleanup->config->recipient_delimiter, keys, false, &value, NULL, NULL);
	if (result == LOOKUP_FOUND) {
		recipient_copy(m, arena_view(&m->arena, buf_view(&value)));
	} else if (result == LOOKUP_RETRY) {
		log_warn("%s: bcc map lookup problem -- message not accepted, try again later", buf_c(&m->id));
		message_fail(m, CLEANUP_WRITE, NULL);
	}
	buf_fini(&value);
}

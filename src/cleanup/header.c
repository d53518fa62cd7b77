/* header: one logical header at a time: inspected, dropped, rewritten, counted; and the headers that are missing. */
#include "cleanup/message.h"
#include "global/address/address.h"
#include "global/maillog/maillog.h"
#include "global/message/address_list.h"
#include "global/message/content_type.h"
#include "global/message/date.h"
#include "global/message/encoded_word.h"
#include "global/queue/queue_size.h"
#include "util/log/log.h"

/* -- seen ---------------------------------------------------------------------------------------------------------- */

static bool
seen(const struct message *m, enum header_type type)
{
	return (m->seen_headers & 1ULL << type) != 0;
}

/* Headers of strangers are not touched unless there is a domain to complete them with. */
static bool
is_rewritten(const struct message *m)
{
	return !m->remote_context || *m->cleanup->config->rewrite.remote_domain != '\0';
}

static bool
is_dropped(const struct message *m, struct view name)
{
	struct view rest = view_string(m->cleanup->config->drop_headers), word;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_equal_nocase(word, name))
			return true;
	return false;
}

/* For the envelope and for headers of notices: without folds, and nothing if it would be too long for one (BN8). */
static struct view
one_line(struct message *m, struct view value)
{
	enum { LINE_MAX_LEN = 900 };
	struct buf line = BUF_INIT;
	struct view copy;

	for (size_t i = 0; i < value.len && line.len <= LINE_MAX_LEN; i++)
		if (value.data[i] != '\r' && value.data[i] != '\n')
			buf_putc(&line, value.data[i] != '\0' ? value.data[i] : '?');
	copy = line.len <= LINE_MAX_LEN ? arena_view(&m->arena, buf_view(&line)) : VIEW_EMPTY;
	buf_fini(&line);
	return copy;
}

static void
note_message_id(struct message *m, struct view value, bool resent)
{
	m->message_id = resent ? m->message_id : one_line(m, value);
	maillog_message_id(buf_view(&m->id), value, resent);
}

static void
note(struct message *m, const struct header_name *header, struct view value)
{
	m->seen_headers |= 1ULL << header->type;
	m->seen_resent |= (header->flags & HEADER_IS_RESENT) != 0;
	switch (header->type) {
	case HEADER_RECEIVED:
		if (++m->hops >= m->cleanup->config->hopcount_max)
			message_fail(m, CLEANUP_HOPS, NULL);
		break;
	case HEADER_MESSAGE_ID:
		note_message_id(m, value, false);
		break;
	case HEADER_RESENT_MESSAGE_ID:
		note_message_id(m, value, true);
		break;
	case HEADER_TLS_REQUIRED:
		if (view_is_nocase(value, "no"))
			m->options |= QUEUE_OPTION_TLS_NOT_REQUIRED;
		break;
	default:
		break;
	}
}

/* -- address headers ----------------------------------------------------------------------------------------------- */

struct rewriting {
	struct message *m;
	unsigned address_class;
};

static void
rewrite(void *arg, struct view internal, struct buf *out)
{
	struct rewriting *r = arg;
	enum rewrite_context context = r->m->remote_context ? REWRITE_REMOTE : REWRITE_LOCAL;

	if (!address_map(r->m, context, r->address_class, internal, out))
		buf_set(out, internal);
}

static void
put_addresses(struct message *m, const struct header_name *header, struct view text)
{
	struct rewriting r = { m, header->flags & HEADER_IS_SENDER ? CLASS_HEADER_SENDER : CLASS_HEADER_RECIPIENT };
	size_t colon = (size_t)view_find(text, ':') + 1;
	struct view value = view_slice(text, colon, text.len);
	struct buf fresh = BUF_INIT;

	if (address_list_rewrite(value, (size_t)m->cleanup->config->header_token_max, rewrite, &r, &fresh)) {
		buf_insert(&fresh, 0, view_slice(text, 0, colon));
		content_put_header(m, buf_view(&fresh));
	} else
		content_put_header(m, text);
	buf_fini(&fresh);
}

static void
put(struct message *m, struct view text)
{
	const struct header_name *header;
	struct view name, value;

	if (!view_is_ascii(text))
		m->options |= QUEUE_OPTION_SMTPUTF8_HEADER;
	if (!header_split(text, &name, &value)) {
		content_put_header(m, text);
		return;
	}
	header = header_find(name);
	note(m, header, value);
	if (is_dropped(m, name))
		return;
	if ((header->flags & HEADER_IS_ADDRESS) && is_rewritten(m))
		put_addresses(m, header, text);
	else
		content_put_header(m, text);
}

/* The checks that look at this header: those of MIME headers are apart wherever they stand. */
static enum check_kind
kind_of(enum mime_section section, const struct header_name *name)
{
	if (section == MIME_PART || (name->flags & HEADER_IS_MIME))
		return CHECK_MIME_HEADER;
	return section == MIME_NESTED ? CHECK_NESTED_HEADER : CHECK_HEADER;
}

/* Whatever part says so: as a whole the message then needs a way for eight bits. */
static void
note_encoding(struct message *m, const struct header_name *header, struct view text)
{
	struct view name, value;
	enum content_encoding encoding;

	if (header->type != HEADER_CONTENT_TRANSFER_ENCODING || !m->cleanup->config->detect_8bit
	    || !header_split(text, &name, &value))
		return;
	encoding = content_encoding_parse(value);
	if (encoding == ENCODING_8BIT || encoding == ENCODING_BINARY)
		m->encoding = VIEW("8bit");
}

/* Only the message's own headers mean something to us; those inside are passed on. */
void
header_take(struct message *m, enum mime_section section, const struct header_name *name, struct view text)
{
	enum check_kind kind = kind_of(section, name);
	struct buf replacement = BUF_INIT;
	enum check_verdict verdict = CHECK_KEEP;
	void (*const write)(struct message *m, struct view text) = section == MIME_PRIMARY ? put : content_put_header;

	note_encoding(m, name, text);
	if ((m->flags & CLEANUP_FILTER) && !m->checks_passed && !maps_empty(m->cleanup->checks[kind]))
		verdict = checks_apply(m, kind, text, &replacement);
	if (replacement.len > 0)
		write(m, buf_view(&replacement));
	if (verdict == CHECK_KEEP)
		write(m, text);
	buf_fini(&replacement);
}

/* -- missing headers (RFC 6409, 8) --------------------------------------------------------------------------------- */

/* phrase = words; else a quoted string; else, beyond ASCII, an encoded word (RFC 2047, 2). */
static void
put_phrase(const struct message *m, struct buf *out, struct view name)
{
	bool plain = true;

	if (!view_is_ascii(name)) {
		encoded_words_put(out, name, m->cleanup->config->full_name_charset);
		return;
	}
	for (size_t i = 0; i < name.len; i++)
		plain &= char_is(name.data[i], CHAR_ATEXT | CHAR_BLANK);
	if (!plain)
		buf_putc(out, '"');
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '"' || name.data[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, name.data[i]);
	}
	if (!plain)
		buf_putc(out, '"');
}

/* comment (RFC 5322, 3.2.2) */
static void
put_comment(const struct message *m, struct buf *out, struct view name)
{
	buf_puts(out, " (");
	if (!view_is_ascii(name))
		encoded_words_put(out, name, m->cleanup->config->full_name_charset);
	for (size_t i = 0; view_is_ascii(name) && i < name.len; i++) {
		if (strchr("()\\", name.data[i]) != NULL)
			buf_putc(out, '\\');
		buf_putc(out, name.data[i]);
	}
	buf_putc(out, ')');
}

static void
put_sender_address(struct message *m, struct buf *out)
{
	struct buf address = BUF_INIT;

	if (m->sender.len > 0)
		address_quote(out, m->sender);
	else if (address_map(m, REWRITE_LOCAL, CLASS_HEADER_SENDER, VIEW("MAILER-DAEMON"), &address))
		address_quote(out, buf_view(&address));
	buf_fini(&address);
}

/* CQ18: a name of blanks is none */
static void
put_from(struct message *m, const char *label)
{
	struct view name = m->sender.len == 0 ? VIEW("Mail Delivery System") : view_trim(m->full_name);
	bool old = strcmp(m->cleanup->config->from_format, "obsolete") == 0;
	struct buf line = BUF_INIT;

	buf_printf(&line, "%s: ", label);
	if (name.len > 0 && !old) {
		put_phrase(m, &line, name);
		buf_puts(&line, " <");
	}
	put_sender_address(m, &line);
	if (name.len > 0 && !old)
		buf_putc(&line, '>');
	else if (name.len > 0)
		put_comment(m, &line, name);
	put(m, buf_view(&line));
	buf_fini(&line);
}

static void
put_message_id(struct message *m, const char *label)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "%s: ", label);
	message_id_put(&line, m->arrival.tv_sec, buf_view(&m->id), view_string(m->cleanup->config->myhostname));
	put(m, buf_view(&line));
	buf_fini(&line);
}

static void
put_date(struct message *m, const char *label)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "%s: ", label);
	date_put(&line, m->arrival.tv_sec);
	put(m, buf_view(&line));
	buf_fini(&line);
}

static const struct {
	enum header_type type, resent;
	const char *label, *resent_label;
	void (*put)(struct message *m, const char *label);
} wanted[] = {
	{ HEADER_MESSAGE_ID, HEADER_RESENT_MESSAGE_ID, "Message-Id", "Resent-Message-Id", put_message_id },
	{ HEADER_DATE,       HEADER_RESENT_DATE,       "Date",       "Resent-Date",       put_date },
	{ HEADER_FROM,       HEADER_RESENT_FROM,       "From",       "Resent-From",       put_from },
};

static bool
names_recipients(const struct message *m)
{
	return seen(m, HEADER_TO) || seen(m, HEADER_CC) || seen(m, HEADER_BCC) || seen(m, HEADER_RESENT_TO)
	    || seen(m, HEADER_RESENT_CC) || seen(m, HEADER_RESENT_BCC);
}

void
header_add_missing(struct message *m)
{
	const struct cleanup_config *config = m->cleanup->config;
	bool adds = is_rewritten(m) || config->add_missing_headers, resent = m->seen_resent;

	for (size_t i = 0; adds && i < ARRAY_COUNT(wanted); i++)
		if (!seen(m, resent ? wanted[i].resent : wanted[i].type))
			wanted[i].put(m, resent ? wanted[i].resent_label : wanted[i].label);
	if (!seen(m, HEADER_MESSAGE_ID) && !seen(m, HEADER_RESENT_MESSAGE_ID))
		maillog_message_id(buf_view(&m->id), VIEW_EMPTY, false);
	if (adds && *config->undisclosed_recipients != '\0' && !names_recipients(m))
		content_put_header(m, view_string(config->undisclosed_recipients));
}

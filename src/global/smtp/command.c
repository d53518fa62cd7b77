#include "global/smtp/command.h"

#include <errno.h>

#include "global/queue/envelope.h"
#include "util/text/encode.h"


/* -- lines ----------------------------------------------------------------------------------------------------------- */

static enum stream_result
skip_line(struct stream *from, size_t limit)
{
	enum stream_result result = STREAM_LONG;
	struct buf piece = BUF_INIT;

	for (size_t skipped = 0; result == STREAM_LONG; skipped += limit) {
		if (skipped >= SMTP_COMMAND_EXCESS_MAX) {
			errno = EMSGSIZE;
			result = STREAM_ERROR;
		} else {
			result = stream_line(from, limit, &piece);
		}
	}
	buf_fini(&piece);
	return result == STREAM_OK ? STREAM_LONG : result;
}

enum stream_result
smtp_command_read(struct stream *from, size_t limit, struct buf *line, bool *bare_lf)
{
	enum stream_result result = stream_line(from, limit, line);

	*bare_lf = false;
	if (result == STREAM_LONG)
		return skip_line(from, limit);
	if (result != STREAM_OK)
		return result;
	*bare_lf = line->len == 0 || line->data[line->len - 1] != '\r';
	if (!*bare_lf)
		buf_truncate(line, line->len - 1);
	return STREAM_OK;
}

bool
smtp_path_keyword(struct cursor *in, const char *name)
{
	struct cursor at = *in;

	cursor_skip(&at, CHAR_BLANK);
	if (!cursor_literal_nocase(&at, view_string(name)) || !cursor_byte(&at, ':'))
		return false;
	cursor_skip(&at, CHAR_BLANK);
	if (cursor_done(&at))
		return false;
	*in = at;
	return true;
}

bool
smtp_bdat_parse(struct view arguments, uint64_t *size, bool *last)
{
	struct cursor in = cursor_of(arguments);

	if (!cursor_u64(&in, size))
		return false;
	*last = cursor_skip(&in, CHAR_BLANK) > 0 && cursor_literal_nocase(&in, VIEW("LAST"));
	cursor_skip(&in, CHAR_BLANK);
	return cursor_done(&in);
}

/* -- parameters ------------------------------------------------------------------------------------------------------- */

struct params {
	struct arena *arena;
	struct smtp_mail_params *mail;	/* one of the two */
	struct smtp_rcpt_params *rcpt;
	unsigned seen;			/* rows of the table */
};

struct param_row {
	const char *name;
	enum { VALUE_NONE, VALUE_NEEDED, VALUE_FREE } value;
	unsigned extension;		/* 0: always there */
	bool (*parse)(struct view value, struct params *params);
	int code;			/* when parse() refuses, or a parameter comes twice */
	const char *dsn, *text;
};

static bool
has_digits_only(struct view text)
{
	struct cursor in = cursor_of(text);

	return cursor_skip(&in, CHAR_DIGIT) > 0 && cursor_done(&in);
}

/* size-value = 1*20DIGIT (RFC 1870, 3) */
static bool
param_size(struct view value, struct params *params)
{
	unsigned long long size;

	if (!has_digits_only(value))
		return false;
	if (!view_number(value, &size))
		size = UINT64_MAX;		/* more than can be counted */
	params->mail->size = size;
	return params->mail->has_size = true;
}

/* body-value = "7BIT" / "8BITMIME" (RFC 6152, 2) */
static bool
param_body(struct view value, struct params *params)
{
	if (view_is_nocase(value, "7BIT"))
		params->mail->body = SMTP_BODY_7BIT;
	else if (view_is_nocase(value, "8BITMIME"))
		params->mail->body = SMTP_BODY_8BITMIME;
	else
		return false;
	return true;
}

static bool
param_smtputf8(struct view value, struct params *params)
{
	return params->mail->smtputf8 = true;
}

static bool
param_requiretls(struct view value, struct params *params)
{
	return params->mail->requiretls = true;
}

/* xtext, all or nothing; a NUL never passes */
static bool
decode_xtext(struct view value, struct arena *arena, struct view *out)
{
	struct buf text = BUF_INIT;
	bool decoded = xtext_decode(&text, value);

	if (decoded)
		*out = arena_view(arena, buf_view(&text));
	buf_fini(&text);
	return decoded;
}

static bool
param_auth(struct view value, struct params *params)
{
	return params->mail->has_auth = decode_xtext(value, params->arena, &params->mail->auth);
}

/* XVERP=delimiters: each recipient gets an envelope sender of its own */
static bool
param_verp(struct view value, struct params *params)
{
	params->mail->verp = arena_view(params->arena, value);		/* the line it came with is gone when it is used */
	return params->mail->has_verp = true;
}

/* ret-value = "FULL" / "HDRS" (RFC 3461, 4.3) */
static bool
param_ret(struct view value, struct params *params)
{
	if (view_is_nocase(value, "FULL"))
		params->mail->ret = DSN_RET_FULL;
	else if (view_is_nocase(value, "HDRS"))
		params->mail->ret = DSN_RET_HDRS;
	else
		return false;
	return true;
}

/* envid-parameter = "ENVID=" xtext (RFC 3461, 4.4); what it stands for must be printable */
static bool
param_envid(struct view value, struct params *params)
{
	struct view text;

	if (view_empty(value) || !decode_xtext(value, params->arena, &text))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!char_is(text.data[i], CHAR_PRINT))
			return false;
	}
	params->mail->envid = text;
	return params->mail->has_envid = true;
}

struct notify_word {
	const char *name;
	int bit;
};

static const struct notify_word notify_words[] = {
	{ "NEVER",	DSN_NOTIFY_NEVER },
	{ "SUCCESS",	DSN_NOTIFY_SUCCESS },
	{ "FAILURE",	DSN_NOTIFY_FAILURE },
	{ "DELAY",	DSN_NOTIFY_DELAY },
};

static int
notify_bit(struct view word)
{
	for (size_t i = 0; i < ARRAY_COUNT(notify_words); i++) {
		if (view_is_nocase(word, notify_words[i].name))
			return notify_words[i].bit;
	}
	return 0;
}

/* notify-esmtp-value = "NEVER" / 1#notify-list-element (RFC 3461, 4.1) */
static bool
param_notify(struct view value, struct params *params)
{
	struct view word, rest = value;
	int notify = 0, bit;
	bool more;

	do {
		more = view_split(rest, ',', &word, &rest);
		if ((bit = notify_bit(more ? word : rest)) == 0)
			return false;
		notify |= bit;
	} while (more);
	if ((notify & DSN_NOTIFY_NEVER) != 0 && notify != DSN_NOTIFY_NEVER)
		return false;
	params->rcpt->notify = notify;
	return true;
}

/* orcpt-parameter = "ORCPT=" original-recipient-address: addr-type ";" xtext (RFC 3461, 4.2) */
static bool
param_orcpt(struct view value, struct params *params)
{
	struct view type, encoded, text;

	if (!view_split(value, ';', &type, &encoded) || view_empty(type))
		return false;
	for (size_t i = 0; i < type.len; i++) {
		if (!char_is(type.data[i], CHAR_ATEXT))
			return false;
	}
	if (!decode_xtext(encoded, params->arena, &text) || view_find_any(text, "\r\n") >= 0)
		return false;
	params->rcpt->orcpt = arena_printf(params->arena, "%.*s;%.*s", VIEW_ARG(type), VIEW_ARG(text));
	return true;
}

#define UNSUPPORTED	555, "5.5.4", "Unsupported option"

static const struct param_row mail_rows[] = {
	{ "SIZE",       VALUE_NEEDED, 0,                     param_size,       501, "5.5.4", "Bad message size syntax" },
	{ "BODY",       VALUE_NEEDED, 0,                     param_body,       UNSUPPORTED },
	{ "SMTPUTF8",   VALUE_NONE,   SMTP_PARAM_SMTPUTF8,   param_smtputf8,   UNSUPPORTED },
	{ "REQUIRETLS", VALUE_NONE,   SMTP_PARAM_REQUIRETLS, param_requiretls, UNSUPPORTED },
	{ "AUTH",       VALUE_NEEDED, SMTP_PARAM_AUTH,       param_auth,       501, "5.5.4", "Bad AUTH parameter syntax" },
	{ "XVERP",      VALUE_FREE,   SMTP_PARAM_VERP,       param_verp,       UNSUPPORTED },
	{ "RET",        VALUE_NEEDED, SMTP_PARAM_DSN,        param_ret,        501, "5.5.4", "Bad RET parameter syntax" },
	{ "ENVID",      VALUE_NEEDED, SMTP_PARAM_DSN,        param_envid,      501, "5.5.4", "Bad ENVID parameter syntax" },
	{ NULL },
};

static const struct param_row rcpt_rows[] = {
	{ "NOTIFY",     VALUE_NEEDED, SMTP_PARAM_DSN, param_notify, 501, "5.5.4", "Error: Bad NOTIFY parameter syntax" },
	{ "ORCPT",      VALUE_NEEDED, SMTP_PARAM_DSN, param_orcpt,  501, "5.5.4", "Error: Bad ORCPT parameter syntax" },
	{ NULL },
};

static bool
refuse(struct smtp_fault *fault, int code, const char *dsn, const char *text, struct view culprit)
{
	*fault = (struct smtp_fault){ code, dsn, text, culprit };
	return false;
}

static const struct param_row *
find_row(const struct param_row *rows, struct view name, bool has_value)
{
	for (; rows->name != NULL; rows++) {
		if (view_is_nocase(name, rows->name))
			return rows->value == VALUE_FREE || has_value == (rows->value == VALUE_NEEDED) ? rows : NULL;
	}
	return NULL;
}

/* esmtp-param = esmtp-keyword ["=" esmtp-value] (RFC 5321, 4.1.2) */
static bool
take_param(struct view word, const struct param_row *rows, unsigned allowed, struct params *params, struct smtp_fault *fault)
{
	struct view name = word, value = VIEW_EMPTY;
	bool has_value = view_split(word, '=', &name, &value);
	const struct param_row *row = find_row(rows, has_value ? name : word, has_value);
	unsigned bit;

	if (row == NULL)
		return refuse(fault, UNSUPPORTED, word);
	if (row->extension == SMTP_PARAM_DSN && (allowed & SMTP_PARAM_DSN) == 0)
		return refuse(fault, 501, "5.7.1", "DSN support is disabled", VIEW_EMPTY);
	if ((row->extension & ~allowed) != 0)
		return refuse(fault, UNSUPPORTED, word);
	bit = 1U << (row - rows);
	if ((params->seen & bit) != 0 || !row->parse(value, params))
		return refuse(fault, row->code, row->dsn, row->text, row->code == 555 ? word : VIEW_EMPTY);
	params->seen |= bit;
	return true;
}

static bool
take_params(struct cursor *in, const struct param_row *rows, unsigned allowed, struct params *params, struct smtp_fault *fault)
{
	struct view rest = cursor_rest(in), word;

	if (!view_empty(rest) && !cursor_at(in, CHAR_BLANK))
		return refuse(fault, UNSUPPORTED, rest);
	while (view_word(&rest, " \t", &word)) {
		if (!take_param(word, rows, allowed, params, fault))
			return false;
	}
	return true;
}

bool
smtp_mail_params_parse(struct cursor *in, unsigned allowed, struct arena *arena, struct smtp_mail_params *out,
    struct smtp_fault *fault)
{
	struct smtp_mail_params mail = { 0 };
	struct params params = { .arena = arena, .mail = &mail };

	if (!take_params(in, mail_rows, allowed, &params, fault))
		return false;
	*out = mail;
	return true;
}

bool
smtp_rcpt_params_parse(struct cursor *in, unsigned allowed, struct arena *arena, struct smtp_rcpt_params *out,
    struct smtp_fault *fault)
{
	struct smtp_rcpt_params rcpt = { 0 };
	struct params params = { .arena = arena, .rcpt = &rcpt };

	if (!take_params(in, rcpt_rows, allowed, &params, fault))
		return false;
	*out = rcpt;
	return true;
}

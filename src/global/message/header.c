#include "global/message/header.h"

#include "util/base/mem.h"
#include "util/text/chars.h"
#include "util/text/cursor.h"

static const struct header_name names[] = {
	{ "Apparently-To", HEADER_APPARENTLY_TO, HEADER_IS_RECIPIENT },
	{ "Bcc", HEADER_BCC, HEADER_IS_RECIPIENT },
	{ "Cc", HEADER_CC, HEADER_IS_RECIPIENT },
	{ "Content-Description", HEADER_CONTENT_DESCRIPTION, HEADER_IS_MIME },
	{ "Content-Disposition", HEADER_CONTENT_DISPOSITION, HEADER_IS_MIME },
	{ "Content-ID", HEADER_CONTENT_ID, HEADER_IS_MIME },
	{ "Content-Length", HEADER_CONTENT_LENGTH, 0 },
	{ "Content-Transfer-Encoding", HEADER_CONTENT_TRANSFER_ENCODING, HEADER_IS_MIME },
	{ "Content-Type", HEADER_CONTENT_TYPE, HEADER_IS_MIME },
	{ "Date", HEADER_DATE, 0 },
	{ "Delivered-To", HEADER_DELIVERED_TO, 0 },
	{ "Disposition-Notification-To", HEADER_DISPOSITION_NOTIFICATION_TO, HEADER_IS_SENDER },
	{ "Errors-To", HEADER_ERRORS_TO, HEADER_IS_SENDER },
	{ "From", HEADER_FROM, HEADER_IS_SENDER },
	{ "Mail-Followup-To", HEADER_MAIL_FOLLOWUP_TO, HEADER_IS_SENDER },
	{ "Message-Id", HEADER_MESSAGE_ID, 0 },
	{ "MIME-Version", HEADER_MIME_VERSION, HEADER_IS_MIME },
	{ "Received", HEADER_RECEIVED, 0 },
	{ "Reply-To", HEADER_REPLY_TO, HEADER_IS_SENDER },
	{ "Resent-Bcc", HEADER_RESENT_BCC, HEADER_IS_RECIPIENT | HEADER_IS_RESENT },
	{ "Resent-Cc", HEADER_RESENT_CC, HEADER_IS_RECIPIENT | HEADER_IS_RESENT },
	{ "Resent-Date", HEADER_RESENT_DATE, HEADER_IS_RESENT },
	{ "Resent-From", HEADER_RESENT_FROM, HEADER_IS_SENDER | HEADER_IS_RESENT },
	{ "Resent-Message-Id", HEADER_RESENT_MESSAGE_ID, HEADER_IS_RESENT },
	{ "Resent-Reply-To", HEADER_RESENT_REPLY_TO, HEADER_IS_RECIPIENT | HEADER_IS_RESENT },
	{ "Resent-Sender", HEADER_RESENT_SENDER, HEADER_IS_SENDER | HEADER_IS_RESENT },
	{ "Resent-To", HEADER_RESENT_TO, HEADER_IS_RECIPIENT | HEADER_IS_RESENT },
	{ "Return-Path", HEADER_RETURN_PATH, HEADER_IS_SENDER },
	{ "Return-Receipt-To", HEADER_RETURN_RECEIPT_TO, HEADER_IS_SENDER },
	{ "Sender", HEADER_SENDER, HEADER_IS_SENDER },
	{ "Subject", HEADER_SUBJECT, 0 },
	{ "TLS-Required", HEADER_TLS_REQUIRED, 0 },
	{ "To", HEADER_TO, HEADER_IS_RECIPIENT },
};

const struct header_name *
header_find(struct view name)
{
	static const struct header_name other = { "", HEADER_OTHER, 0 };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (view_is_nocase(name, names[i].name))
			return &names[i];
	return &other;
}

size_t
header_name_length(struct view line)
{
	struct cursor in = cursor_of(line);
	struct view name;

	if (!cursor_class(&in, CHAR_FTEXT, &name))
		return 0;
	cursor_skip(&in, CHAR_BLANK);
	return cursor_byte(&in, ':') ? name.len : 0;
}

bool
header_split(struct view header, struct view *name, struct view *value)
{
	size_t len = header_name_length(header);
	ptrdiff_t colon = view_find(header, ':');

	if (len == 0)
		return false;
	*name = view_slice(header, 0, len);
	*value = view_trim(view_slice(header, (size_t)colon + 1, header.len));
	return true;
}

/*
 * header: header fields of a message (RFC 5322, 2.2). A logical header is one field with its continuation lines, joined
 * by LF, without the last line end. What the names mean stands in one table.
 */
#ifndef GLOBAL_MESSAGE_HEADER_H
#define GLOBAL_MESSAGE_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/text/view.h"

enum header_type {
	HEADER_OTHER,
	HEADER_APPARENTLY_TO, HEADER_BCC, HEADER_CC, HEADER_CONTENT_DESCRIPTION, HEADER_CONTENT_DISPOSITION,
	HEADER_CONTENT_ID, HEADER_CONTENT_LENGTH, HEADER_CONTENT_TRANSFER_ENCODING, HEADER_CONTENT_TYPE, HEADER_DATE,
	HEADER_DELIVERED_TO, HEADER_DISPOSITION_NOTIFICATION_TO, HEADER_ERRORS_TO, HEADER_FROM, HEADER_MAIL_FOLLOWUP_TO,
	HEADER_MESSAGE_ID, HEADER_MIME_VERSION, HEADER_RECEIVED, HEADER_REPLY_TO, HEADER_RESENT_BCC, HEADER_RESENT_CC,
	HEADER_RESENT_DATE, HEADER_RESENT_FROM, HEADER_RESENT_MESSAGE_ID, HEADER_RESENT_REPLY_TO, HEADER_RESENT_SENDER,
	HEADER_RESENT_TO, HEADER_RETURN_PATH, HEADER_RETURN_RECEIPT_TO, HEADER_SENDER, HEADER_SUBJECT, HEADER_TLS_REQUIRED,
	HEADER_TO,
	HEADER_TYPE_COUNT,
};

enum {
	HEADER_IS_SENDER	= 1 << 0,	/* addresses of who sent it */
	HEADER_IS_RECIPIENT	= 1 << 1,	/* addresses of who gets it */
	HEADER_IS_RESENT	= 1 << 2,
	HEADER_IS_MIME		= 1 << 3,
	HEADER_IS_ADDRESS	= HEADER_IS_SENDER | HEADER_IS_RECIPIENT,
};

struct header_name {
	const char *name;
	enum header_type type;
	unsigned flags;
};

/* Never NULL: a name we do not know is HEADER_OTHER without flags. */
const struct header_name *header_find(struct view name);

/*
 * Does this line begin a header? field-name = 1*ftext, blanks before ':' as old software wrote them. The length of the
 * name, or 0.
 */
size_t		 header_name_length(struct view line);
/* "Name: value" → both; value without the blanks around it, folds inside stay. */
bool		 header_split(struct view header, struct view *name, struct view *value);

#endif

/* subject: what a rule judges, as rejects name it. */
#include "smtpd/access/internal.h"

#include "global/address/address.h"
#include "util/log/log.h"

static const char *const classes[] = {
	[SUBJECT_CLIENT] = "Client host",
	[SUBJECT_REVERSE_CLIENT] = "Unverified Client host",
	[SUBJECT_HELO] = "Helo command",
	[SUBJECT_SENDER] = "Sender address",
	[SUBJECT_RECIPIENT] = "Recipient address",
	[SUBJECT_DATA] = "Data command",
	[SUBJECT_END_OF_DATA] = "End-of-data",
	[SUBJECT_ETRN] = "Etrn command",
};

const char *
subject_class(enum subject subject)
{
	return classes[subject];
}

struct view
subject_name(struct access_run *run, enum subject subject)
{
	const struct access_facts *facts = run->facts;

	switch (subject) {
	case SUBJECT_CLIENT:		return buf_view(&facts->peer->namaddr);
	case SUBJECT_REVERSE_CLIENT:	return buf_view(&facts->peer->reverse_name);
	case SUBJECT_HELO:		return facts->helo;
	case SUBJECT_SENDER:		return facts->sender;
	case SUBJECT_RECIPIENT:		return facts->recipient;
	case SUBJECT_DATA:		return VIEW("DATA");
	case SUBJECT_END_OF_DATA:	return VIEW("END-OF-MESSAGE");
	case SUBJECT_ETRN:		return facts->etrn_domain;
	}
	return VIEW_EMPTY;
}

/* x.1.y: what the last number means for a sender; index is y */
static const char sender_detail[] = "078770778";

static char
recipient_detail(char detail)
{
	if (detail == '7')
		return '3';
	if (detail == '8')
		return '2';
	return detail >= '1' && detail <= '6' ? detail : '0';
}

void
subject_map_dsn(enum subject subject, char dsn[DSN_STATUS_SIZE])
{
	char before[DSN_STATUS_SIZE];

	if (strncmp(dsn + 1, ".1.", 3) != 0 || dsn[4] == '\0')
		return;
	memcpy(before, dsn, sizeof(before));
	if (dsn[5] != '\0') {
		dsn[4] = '0';
		dsn[5] = '\0';
	} else if (subject == SUBJECT_RECIPIENT) {
		dsn[4] = recipient_detail(dsn[4]);
	} else if (subject == SUBJECT_SENDER) {
		dsn[4] = dsn[4] >= '0' && dsn[4] <= '8' ? sender_detail[dsn[4] - '0'] : '0';
	} else {
		memcpy(dsn + 1, ".0.0", 5);
	}
	if (strcmp(before, dsn) != 0)
		log_info("mapping DSN status %s into %s status %s", before, subject_class(subject), dsn);
}

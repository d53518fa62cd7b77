/* verify: restrictions that ask whether mail for an address could be delivered; the service verify finds out by probes. */
#include <poll.h>

#include "global/client/verify.h"
#include "smtpd/access/internal.h"

enum { REASON_MAX = 250 };

/* What differs between sender and recipient. */
struct side {
	const char *detail;		/* X.1.y */
	int reject_code, defer_code;
	const char *reason, *tempfail;
};

static struct side
side_of(const struct access_config *config, enum subject subject)
{
	if (subject == SUBJECT_SENDER)
		return (struct side){ "7", config->unverified_sender_code, config->unverified_sender_defer_code,
		    config->unverified_sender_reason, config->unverified_sender_tempfail };
	return (struct side){ "1", config->unverified_recipient_code, config->unverified_recipient_defer_code,
	    config->unverified_recipient_reason, config->unverified_recipient_tempfail };
}

/* A probe takes a moment; the client is made to wait for it, up to a point. */
static enum verify_status
ask(struct access_run *run, struct view address, struct buf *text)
{
	enum verify_status status = verify_query(run->access->verifier, address, text);

	for (int i = 1; i < run->config->verify_poll_count && status == VERIFY_TODO; i++) {
		poll(NULL, 0, run->config->verify_poll_delay_sec * 1000);
		status = verify_query(run->access->verifier, address, text);
	}
	return status;
}

static enum outcome
not_yet(struct access_run *run, enum subject subject, const struct side *side, struct view why)
{
	struct view name = subject_name(run, subject);
	char dsn[DSN_STATUS_SIZE];

	snprintf(dsn, sizeof(dsn), "4.1.%s", side->detail);
	if (strcmp(side->tempfail, "defer_if_permit") != 0)
		return refuse(run, side->defer_code, dsn, "<%.*s>: %s rejected: unverified address: %.*s", VIEW_ARG(name),
		    subject_class(subject), VIEW_ARG(why));
	set_mark(&run->if_permit, run->arena, side->defer_code, dsn, arena_printf(run->arena,
	    "<%.*s>: %s rejected: unverified address: %.*s", VIEW_ARG(name), subject_class(subject), VIEW_ARG(why)));
	return ACCESS_NEXT;
}

static enum outcome
never(struct access_run *run, enum subject subject, const struct side *side, struct view why)
{
	char dsn[DSN_STATUS_SIZE];

	snprintf(dsn, sizeof(dsn), "5.1.%s", side->detail);	/* the first digit follows the code */
	return refuse(run, side->reject_code, dsn, "<%.*s>: %s rejected: %s address: %.*s",
	    VIEW_ARG(subject_name(run, subject)), subject_class(subject),
	    side->reject_code / 100 == 5 ? "undeliverable" : "unverified", VIEW_ARG(why));
}

static enum outcome
unverified(struct access_run *run, enum subject subject, struct view address)
{
	struct side side = side_of(run->config, subject);
	struct buf text = BUF_INIT;
	enum verify_status status = ask(run, address, &text);
	struct view why = view_slice(side.reason[0] != '\0' ? view_string(side.reason) : buf_view(&text), 0, REASON_MAX);
	enum outcome outcome = ACCESS_NEXT;

	if (status == VERIFY_UNDELIVERABLE)
		outcome = never(run, subject, &side, why);
	else if (status == VERIFY_DEFERRED)
		outcome = not_yet(run, subject, &side, why);
	else if (status == VERIFY_TODO)
		outcome = not_yet(run, subject, &side, VIEW("Address verification in progress"));
	else if (status == VERIFY_UNAVAILABLE)
		outcome = refuse(run, 450, subject == SUBJECT_SENDER ? "4.1.7" : "4.1.1", "<%.*s>: %s rejected: "
		    "address verification problem", VIEW_ARG(subject_name(run, subject)), subject_class(subject));
	buf_fini(&text);
	return outcome;
}

enum outcome
check_unverified_sender(struct access_run *run, const struct rule *rule)
{
	const struct access_facts *facts = run->facts;

	if (!facts->has_sender || access_always_there(run, facts->sender))
		return ACCESS_NEXT;
	return unverified(run, SUBJECT_SENDER, facts->sender);
}

enum outcome
check_unverified_recipient(struct access_run *run, const struct rule *rule)
{
	const struct access_facts *facts = run->facts;

	if (!facts->has_recipient || access_always_there(run, facts->recipient))
		return ACCESS_NEXT;
	return unverified(run, SUBJECT_RECIPIENT, facts->recipient);
}

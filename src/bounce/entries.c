#include "bounce/bounce.h"

/* Does this notice speak of this recipient? (RFC 3461, 4.1) */
static bool
is_listed(const struct bounce_case *c, const struct notice *notice, const struct bounce_log_entry *entry)
{
	static const int wanted[] = {
		[TEMPLATE_FAILURE] = DSN_NOTIFY_FAILURE, [TEMPLATE_DELAY] = DSN_NOTIFY_DELAY,
		[TEMPLATE_SUCCESS] = DSN_NOTIFY_SUCCESS,
	};

	if (notice->only != NULL)
		return entry == notice->only;
	if (notice->postmaster || c->kind == TEMPLATE_VERIFY || (c->kind == TEMPLATE_SUCCESS && c->envelope.warned))
		return true;		/* the trace log has nobody who does not want to hear (confirm_delay_cleared) */
	if (entry->dsn_notify == 0)
		return c->kind != TEMPLATE_SUCCESS;
	return (entry->dsn_notify & wanted[c->kind]) != 0;
}

void
entries_begin(struct entries *entries, struct bounce_case *c, const struct notice *notice)
{
	*entries = (struct entries){ .c = c, .notice = notice, .only = notice->only != NULL ? notice->only : c->single };
	if (entries->only == NULL && c->log != NULL)
		bounce_log_rewind(c->log);
}

static const struct bounce_log_entry *
next(struct entries *entries)
{
	const struct bounce_log_entry *only = entries->only;
	struct bounce_case *c = entries->c;

	entries->only = NULL;
	if (only != NULL || entries->notice->only != NULL || c->single != NULL || c->log == NULL)
		return only;
	return bounce_log_next(c->log, &entries->read) ? &entries->read : NULL;
}

const struct bounce_log_entry *
entries_next(struct entries *entries)
{
	const struct bounce_log_entry *entry;

	arena_reset(&entries->c->scratch);
	while ((entry = next(entries)) != NULL)
		if (is_listed(entries->c, entries->notice, entry))
			break;
	return entry;
}

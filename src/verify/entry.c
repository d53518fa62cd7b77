#include "verify/entry.h"

#include "util/base/number.h"

enum { PROBE_SEC = 1000 };	/* how long an answer to a probe may take, before another is sent */

static bool
take_number(struct view *rest, long long *out)
{
	struct view digits;
	unsigned long long number;

	if (!view_split(*rest, ':', &digits, rest) || !view_number(digits, &number) || number > INT64_MAX / 4)
		return false;
	*out = (long long)number;
	return true;
}

bool
verify_entry_parse(struct view value, struct verify_entry *out)
{
	long long status, probed, updated;

	if (!take_number(&value, &status) || !take_number(&value, &probed) || !take_number(&value, &updated) ||
	    status > VERIFY_TODO)
		return false;
	*out = (struct verify_entry){ (int)status, probed, updated, value };
	return true;
}

void
verify_entry_put(struct buf *out, const struct verify_entry *entry)
{
	buf_printf(out, "%d:%lld:%lld:%.*s", entry->status, entry->probed, entry->updated, VIEW_ARG(entry->text));
}

static bool
probe_runs(const struct verify_entry *entry, long long now)
{
	return entry->probed + PROBE_SEC >= now;
}

bool
verify_entry_expired(const struct verify_entry *entry, const struct verify_times *times, long long now)
{
	bool positive = entry->status == VERIFY_DELIVERABLE;

	return !probe_runs(entry, now) &&
	    entry->updated + (positive ? times->positive_expire : times->negative_expire) < now;
}

bool
verify_entry_due(const struct verify_entry *entry, const struct verify_times *times, long long now)
{
	bool positive = entry->status == VERIFY_DELIVERABLE;

	return !probe_runs(entry, now) && (entry->status == VERIFY_TODO ||
	    entry->updated + (positive ? times->positive_refresh : times->negative_refresh) < now);
}

#include "global/queue/submission.h"

#include "global/queue/envelope.h"

static const struct {
	const char *types;
	int end;		/* leads to the next segment */
} segments[] = {
	[SUBMISSION_ENVELOPE] = { "MCTFSRVA", RECORD_CONTENT },
	[SUBMISSION_CONTENT] = { "XLN", RECORD_EXTRACTED },
	[SUBMISSION_EXTRACTED] = { "EAR", RECORD_END },
};

/* values: all that are allowed; else numbers up to some largest; else anything. */
static const struct attribute {
	const char *name;
	bool is_dsn;
	const char *const values[4];
	unsigned long long number_max;
} attributes[] = {
	{ "encoding", false, { "7bit", "8bit", "" } },
	{ "rewrite_context", false, { "local", "remote" } },
	{ "trace_flags", false, { "512", "1024" } },		/* sendmail -bv and -v; never an internal probe */
	{ "create_time", false, { NULL }, QUEUE_TIME_MAX },
	{ "envelope_id", true, { NULL } },
	{ "ret_flags", true, { NULL }, DSN_RET_FULL | DSN_RET_HDRS },
	{ "notify_flags", true, { NULL }, DSN_NOTIFY_NEVER | DSN_NOTIFY_SUCCESS | DSN_NOTIFY_FAILURE | DSN_NOTIFY_DELAY },
	{ "dsn_orig_rcpt", true, { NULL } },
};

bool
submission_type_allowed(enum submission_segment segment, int type)
{
	return type > 0 && type < 128 && segment < SUBMISSION_DONE && strchr(segments[segment].types, type) != NULL;
}

enum submission_segment
submission_segment_after(enum submission_segment segment, int type)
{
	return segment < SUBMISSION_DONE && type == segments[segment].end ? segment + 1 : segment;
}

static bool
value_allowed(const struct attribute *attribute, struct view value)
{
	const char *const *values = attribute->values;
	unsigned long long number;

	if (values[0] == NULL)
		return attribute->number_max == 0 || (view_number(value, &number) && number <= attribute->number_max);
	for (size_t i = 0; i < ARRAY_COUNT(attribute->values) && values[i] != NULL; i++)
		if (view_is(value, values[i]))
			return true;
	return false;
}

static int
find(struct view attribute, struct view *value)
{
	struct view name;

	if (!record_attribute(attribute, &name, value))
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(attributes); i++)
		if (view_is(name, attributes[i].name))
			return (int)i;
	return -1;
}

bool
submission_attribute_allowed(struct view attribute)
{
	struct view value;
	int i = find(attribute, &value);

	return i >= 0 && value_allowed(&attributes[i], value);
}

bool
submission_attribute_is_dsn(struct view attribute)
{
	struct view value;
	int i = find(attribute, &value);

	return i >= 0 && attributes[i].is_dsn;
}

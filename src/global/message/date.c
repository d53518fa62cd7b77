#include "global/message/date.h"

#include "util/text/chars.h"

static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* The zone's name is a comment: only one that needs no quoting is shown. */
static void
put_zone_name(struct buf *out, const char *zone)
{
	struct view name = view_string(zone);

	for (size_t i = 0; i < name.len; i++)
		if (!char_is(name.data[i], CHAR_ALPHA | CHAR_DIGIT) && name.data[i] != '+' && name.data[i] != '-')
			return;
	if (name.len > 0)
		buf_printf(out, " (%s)", zone);
}

void
date_put(struct buf *out, time_t when)
{
	struct tm tm;
	long offset;

	if (localtime_r(&when, &tm) == NULL)
		gmtime_r(&(time_t){ 0 }, &tm);
	offset = labs(tm.tm_gmtoff) / 60;
	buf_printf(out, "%s, %02d %s %d %02d:%02d:%02d %c%02ld%02ld", days[tm.tm_wday % 7], tm.tm_mday, months[tm.tm_mon % 12],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_gmtoff < 0 ? '-' : '+', offset / 60, offset % 60);
	put_zone_name(out, tm.tm_zone);
}

void
date_put_log(struct buf *out, time_t when)
{
	struct tm tm;

	if (localtime_r(&when, &tm) == NULL)
		gmtime_r(&(time_t){ 0 }, &tm);
	buf_printf(out, "%s %02d %02d:%02d:%02d", months[tm.tm_mon % 12], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void
message_id_put(struct buf *out, time_t when, struct view queue_id, struct view host)
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL)
		gmtime_r(&(time_t){ 0 }, &tm);
	buf_printf(out, "<%04d%02d%02d%02d%02d%02d.%.*s@%.*s>", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, VIEW_ARG(queue_id), VIEW_ARG(host));
}

#include "dns/filter.h"

static struct {
	dns_filter *filter;
	void *arg;
} present;

void
dns_set_filter(dns_filter *filter, void *arg)
{
	present.filter = filter;
	present.arg = arg;
}

static void
put_data(struct buf *out, const struct dns_record *record)
{
	switch (record->type) {
	case DNS_A:
	case DNS_AAAA:
		netaddr_put(out, &record->addr);
		break;
	case DNS_MX:
		buf_printf(out, "%u %.*s.", record->preference, VIEW_ARG(record->name));
		break;
	case DNS_SRV:
		buf_printf(out, "%u %u %u %.*s.", record->preference, record->weight, record->port, VIEW_ARG(record->name));
		break;
	case DNS_TLSA:
		buf_printf(out, "%u %u %u ", record->usage, record->selector, record->matching);
		for (size_t i = 0; i < record->data.len; i++)
			buf_printf(out, "%02X", (unsigned char)record->data.data[i]);
		break;
	case DNS_TXT:
		buf_putv(out, record->data);
		break;
	default:
		buf_printf(out, "%.*s.", VIEW_ARG(record->name));
	}
}

void
dns_record_put(struct buf *out, const struct dns_record *record)
{
	buf_printf(out, "%.*s. %u IN %s ", VIEW_ARG(record->owner), record->ttl, dns_type_name(record->type));
	put_data(out, record);
}

static enum dns_filter_verdict
judge(const struct dns_record *record)
{
	enum dns_filter_verdict verdict;
	struct buf text = BUF_INIT;

	dns_record_put(&text, record);
	verdict = present.filter(present.arg, buf_view(&text));
	buf_fini(&text);
	return verdict;
}

enum dns_result
dns_filter_answer(struct dns_answer *answer, struct buf *why)
{
	enum dns_filter_verdict verdict;
	size_t kept = 0;

	for (size_t i = 0; present.filter != NULL && i < answer->count; i++) {
		verdict = judge(&answer->records[i]);
		if (verdict == DNS_FILTER_ERROR) {
			why_set(why, "DNS reply filter lookup error");
			return DNS_FILTERED;
		}
		if (verdict == DNS_FILTER_KEEP)
			answer->records[kept++] = answer->records[i];
	}
	if (present.filter != NULL && kept == 0) {
		why_set(why, "DNS reply filter drops all results");
		return DNS_FILTERED;
	}
	if (present.filter != NULL)
		answer->count = kept;
	return DNS_FOUND;
}

#include "dns/cache.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <sys/stat.h>

#include "dns/filter.h"
#include "util/base/clock.h"
#include "util/base/mem.h"

enum { PACKET_MAX = 65535, LABEL_MAX = 63, NAME_LENGTH_MAX = 253 };

/* One resolver state per process, as libresolv has it; read again when resolv.conf changed. */
static struct {
	struct __res_state state;
	bool ready;
	struct timespec conf_time;
	char *packet;
	unsigned long search;		/* RES_DEFNAMES, RES_DNSRCH */
} resolver;

void
dns_set_search(bool complete_labels, bool search)
{
	resolver.search = (complete_labels ? RES_DEFNAMES : 0) | (search ? RES_DNSRCH : 0);
	if (resolver.ready)
		res_nclose(&resolver.state);
	resolver.ready = false;
}

/* The length of the answer in resolver.packet, or -1. */
static int
ask(const char *name, enum dns_type type)
{
	unsigned char *packet = (unsigned char *)resolver.packet;

	if (resolver.search == 0)
		return res_nquery(&resolver.state, name, ns_c_in, (int)type, packet, PACKET_MAX);
	return res_nsearch(&resolver.state, name, ns_c_in, (int)type, packet, PACKET_MAX);
}

static bool
resolver_ready(void)
{
	struct stat st = { 0 };

	stat("/etc/resolv.conf", &st);
	if (resolver.ready && (st.st_ino == 0 || (st.st_mtim.tv_sec == resolver.conf_time.tv_sec &&
	    st.st_mtim.tv_nsec == resolver.conf_time.tv_nsec)))
		return true;
	if (resolver.ready)
		res_nclose(&resolver.state);
	resolver.ready = res_ninit(&resolver.state) == 0;
	resolver.state.options &= ~(unsigned long)(RES_DEFNAMES | RES_DNSRCH);
	resolver.state.options |= resolver.search;
	resolver.conf_time = st.st_mtim;
	if (resolver.packet == NULL)
		resolver.packet = mem_new(PACKET_MAX);
	return resolver.ready;
}

/* Can this be asked for at all? Underscores and any other printable byte are the zone owner's business. */
static bool
askable(const char *name)
{
	struct view rest = view_string(name), label;

	if (rest.len == 0 || rest.len > NAME_LENGTH_MAX + 1)
		return false;
	while (view_split(rest, '.', &label, &rest))
		if (label.len == 0 || label.len > LABEL_MAX)
			return false;
	return rest.len <= LABEL_MAX;
}

/* libresolv keeps the packet only of answers it likes; for the others there is h_errno. */
static enum dns_result
from_h_errno(int error)
{
	switch (error) {
	case HOST_NOT_FOUND:
		return DNS_NO_NAME;
	case NO_DATA:
		return DNS_NO_DATA;
	default:	/* also when there is no error code at all */
		return DNS_AGAIN;
	}
}

static enum dns_result
explain(enum dns_result result, struct buf *why)
{
	if (result == DNS_NO_NAME)
		why_set(why, "Host not found");
	else if (result == DNS_NO_DATA)
		why_set(why, "Host found but no data record of requested type");
	else
		why_set(why, "Host not found, try again");
	return result;
}

static enum dns_result
query(const char *name, enum dns_type type, struct arena *arena, struct dns_answer *out, struct buf *why)
{
	enum dns_result result;
	struct view packet;
	int length;

	if (!resolver_ready()) {
		why_set(why, "Name service initialization failure");
		return DNS_AGAIN;
	}
	length = ask(name, type);
	if (length < 0) {
		result = from_h_errno(resolver.state.res_h_errno);
		dns_cache_put(name, type, result, VIEW_EMPTY, 0);
		return explain(result, why);
	}
	packet = view_bytes(resolver.packet, length < PACKET_MAX ? (size_t)length : PACKET_MAX);
	result = dns_parse(packet, type, arena, out, why);
	dns_cache_put(name, type, result, packet, out->ttl);
	return result;
}

static enum dns_result
cached_or_query(const char *name, enum dns_type type, struct arena *arena, struct dns_answer *out, struct buf *why)
{
	const struct dns_cached *cached = dns_cache_get(name, type);

	if (cached == NULL)
		return query(name, type, arena, out, why);
	if (cached->result != DNS_FOUND)
		return explain(cached->result, why);
	return dns_parse(buf_view(&cached->packet), type, arena, out, why);
}

enum dns_result
dns_lookup(const char *name, enum dns_type type, struct arena *arena, struct dns_answer *out, struct buf *why)
{
	enum dns_result result;

	memset(out, 0, sizeof(*out));
	if (!askable(name)) {
		why_set(why, "Invalid host or domain name");
		return DNS_MALFORMED;
	}
	result = cached_or_query(name, type, arena, out, why);
	if (result == DNS_FOUND && view_empty(out->canonical))
		out->canonical = arena_view(arena, view_string(name));
	return result == DNS_FOUND ? dns_filter_answer(out, why) : result;
}

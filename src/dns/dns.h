/*
 * dns: questions to the Domain Name System, through libresolv, with an own bounded parser for the answers.
 *
 * The five outcomes are never mixed up: a name that does not exist, a name without such records, and a question that
 * could not be answered now lead to different verdicts about mail (RFC 5321, 5.1).
 */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/base/arena.h"
#include "util/net/netaddr.h"

enum dns_type {
	DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28,
	DNS_SRV = 33, DNS_TLSA = 52,
};

enum dns_result {
	DNS_FOUND,
	DNS_NO_NAME,		/* the name does not exist */
	DNS_NO_DATA,		/* it exists, without records of this type */
	DNS_AGAIN,		/* could not be answered now */
	DNS_MALFORMED,		/* the answer makes no sense, or the name cannot be asked for */
	DNS_FILTERED,		/* the reply filter left nothing, or could not be asked: try later */
};

/* Does the question have to be asked again before anybody may draw a conclusion? */
static inline bool
dns_is_later(enum dns_result result)
{
	return result == DNS_AGAIN || result == DNS_FILTERED;
}

struct dns_record {
	enum dns_type type;
	struct view owner;
	struct view name;		/* MX, NS, CNAME, PTR, SRV: the target, without the final dot; "" is the root */
	struct netaddr addr;		/* A, AAAA */
	struct view data;		/* TXT (strings joined), TLSA (association data) */
	uint16_t preference;		/* MX, SRV priority */
	uint16_t weight, port;		/* SRV */
	uint8_t usage, selector, matching;	/* TLSA */
	uint32_t ttl;
};

enum { DNS_RECORDS_MAX = 100 };		/* more are dropped, with a warning */

struct dns_answer {
	struct dns_record *records;	/* of the type asked for */
	size_t count;
	struct view canonical;		/* where a chain of CNAMEs ended, or the name asked */
	bool authentic;			/* the resolver vouches (AD) */
	uint32_t ttl;			/* the shortest of the whole chain */
};

/*
 * A filter sees each record as text, "name. ttl IN MX 10 host.", and says what becomes of it. It stands for the whole
 * process; there is none at first.
 */
enum dns_filter_verdict { DNS_FILTER_KEEP, DNS_FILTER_DROP, DNS_FILTER_ERROR };
typedef enum dns_filter_verdict	dns_filter(void *arg, struct view record);
void		dns_set_filter(dns_filter *filter, void *arg);
void		dns_record_put(struct buf *out, const struct dns_record *record);

/*
 * Names are asked for as they are, unless the process wants them completed from resolv.conf: those of one label with the
 * local domain, others with the domains of the search list.
 */
void		dns_set_search(bool complete_labels, bool search);

/* Answers may come from a cache (cache.h). Views and records live in the arena. why gets a phrase such as "Host not found" or "Host not found, try again". */
enum dns_result	dns_lookup(const char *name, enum dns_type type, struct arena *arena, struct dns_answer *out, struct buf *why);
/* The parser: no I/O. */
enum dns_result	dns_parse(struct view packet, enum dns_type type, struct arena *arena, struct dns_answer *out, struct buf *why);
const char	*dns_type_name(enum dns_type type);

#endif

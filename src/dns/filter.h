/* filter: what the process's reply filter leaves of an answer. */
#ifndef DNS_FILTER_H
#define DNS_FILTER_H

#include "dns/dns.h"

/* DNS_FOUND, or DNS_FILTERED with a reason. */
enum dns_result	dns_filter_answer(struct dns_answer *answer, struct buf *why);

#endif

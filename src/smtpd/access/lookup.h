/*
 * lookup: keys for access tables: names with their parents, addresses with the networks around them.
 */
#ifndef SMTPD_ACCESS_LOOKUP_H
#define SMTPD_ACCESS_LOOKUP_H

#include "smtpd/access/internal.h"

enum lookup	lookup_domain(const struct access *access, struct maps *maps, struct view name, struct buf *value);
enum lookup	lookup_network(struct maps *maps, struct view address, struct buf *value);
enum lookup	lookup_address(const struct access *access, struct maps *maps, struct view internal, struct buf *value);

#endif

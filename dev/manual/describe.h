/*
 * describe: parameters in mdoc: name, default, type and bounds from the registry, the words from the texts.
 */
#ifndef MANUAL_DESCRIBE_H
#define MANUAL_DESCRIBE_H

#include <stdio.h>

#include "global/config/param.h"
#include "texts.h"

/* The parameter whose text also serves for this one: smtp_X for lmtp_X, and so on; NULL: none. */
const struct param *describe_twin(const struct param *param);

void	describe_all(const struct texts *texts, FILE *out);		/* the list of postconf(5) */
/* The list of one program's page: summaries and defaults. */
void	describe_program(const struct texts *texts, struct view name, struct view section, FILE *out);

#endif

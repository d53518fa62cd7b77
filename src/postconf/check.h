/*
 * check: warns about settings that nobody reads, about names that nobody set, about settings of the past, and about
 * comments that became part of a value.
 */
#ifndef POSTCONF_CHECK_H
#define POSTCONF_CHECK_H

#include "global/config/config.h"
#include "global/config/master_cf.h"
#include "postconf/known.h"

/* services may be NULL; of_main_cf: settings of main.cf, too, else those of master.cf alone. */
void	check_configuration(struct config *config, const struct master_cf *services, const struct known *known,
	    bool of_main_cf);

#endif

#ifndef MASTER_OPTIONS_H
#define MASTER_OPTIONS_H

#include "master/supervisor.h"

/* Fatal, with the usage, when the command line is wrong. */
void	options_read(struct master_options *options, int argc, char **argv);

#endif

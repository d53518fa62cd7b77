/*
 * value: from the text of a value to what it means, with the bounds of its row. A reason is a phrase that tells what
 * would be right; the caller names place, parameter and value.
 */
#ifndef GLOBAL_CONFIG_VALUE_H
#define GLOBAL_CONFIG_VALUE_H

#include <stdbool.h>

#include "global/config/param.h"
#include "util/text/buf.h"

bool	value_number(const struct param *param, const char *text, long long most, long long *out, struct buf *why);
bool	value_bool(const char *text, bool *out, struct buf *why);
bool	value_time(const struct param *param, const char *text, int *seconds, struct buf *why);
bool	value_length(const struct param *param, const char *text, struct buf *why);

#endif

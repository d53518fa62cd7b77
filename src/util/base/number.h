/*
 * number: arithmetic on sizes that came from outside. Each returns false on overflow and leaves *out alone.
 */
#ifndef UTIL_BASE_NUMBER_H
#define UTIL_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool
size_add(size_t a, size_t b, size_t *out)
{
	size_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

static inline bool
size_mul(size_t a, size_t b, size_t *out)
{
	size_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;
	*out = product;
	return true;
}

/* Reads the whole string as a decimal number, with an optional sign, between min and max inclusive. */
bool	number_parse(const char *text, long long min, long long max, long long *out);

#endif

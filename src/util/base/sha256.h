/*
 * sha256: the digest of FIPS 180-4, for names that must not collide. Not for passwords.
 */
#ifndef UTIL_BASE_SHA256_H
#define UTIL_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32 };

void	sha256(const void *data, size_t len, uint8_t out[SHA256_SIZE]);

#endif

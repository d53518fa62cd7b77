/*
 * domain: what may stand behind the '@', and names of hosts (address.h).
 */
#include <idn2.h>

#include "global/address/address.h"
#include "config.h"
#include "util/net/netaddr.h"
#include "util/process/library.h"
#include "util/text/chars.h"
#include "util/text/encode.h"

enum { DOMAIN_LABEL_MAX = 63, DOMAIN_NAME_MAX = 255 };

/* sub-domain = Let-dig [Ldh-str] (RFC 5321, 4.1.2); the underscore is not of the grammar, but of the world. */
static bool
label_valid(struct view label, unsigned also, struct buf *why)
{
	if (label.len == 0 || label.len > DOMAIN_LABEL_MAX) {
		why_set(why, label.len == 0 ? "empty label" : "label too long");
		return false;
	}
	if (label.data[0] == '-' || label.data[label.len - 1] == '-') {
		why_set(why, "misplaced hyphen");
		return false;
	}
	for (size_t i = 0; i < label.len; i++) {
		if (!char_is(label.data[i], CHAR_NAME | also) && label.data[i] != '-') {
			why_set(why, "bad character");
			return false;
		}
	}
	return true;
}

static bool
name_valid(struct view name, unsigned also, struct buf *why)
{
	struct view label, rest = name;
	bool more, numeric = true;

	if (name.len == 0 || name.len > DOMAIN_NAME_MAX) {
		why_set(why, name.len == 0 ? "empty name" : "name too long");
		return false;
	}
	do {
		more = view_split(rest, '.', &label, &rest);
		if (!more)
			label = rest;
		if (!label_valid(label, also, why))
			return false;
		for (size_t i = 0; i < label.len; i++)
			numeric = numeric && char_is(label.data[i], CHAR_DIGIT);
	} while (more);
	if (numeric)
		why_set(why, "numeric name");
	return !numeric;
}

bool
domain_valid_hostname(struct view name, struct buf *why)
{
	return name_valid(name, 0, why);
}

bool
domain_valid_literal(struct view literal)
{
	struct netaddr addr;

	return netaddr_parse_literal(literal, &addr)
	    && (view_find(literal, ':') < 0 || view_starts_nocase(literal, VIEW("[IPv6:")));
}

bool
domain_valid_mail(struct view domain)
{
	struct buf ascii = BUF_INIT;
	bool valid;

	if (domain_valid_literal(domain) || domain_valid_hostname(domain, NULL))
		return true;
	if (view_is_ascii(domain) || !utf8_valid(domain) || !name_valid(domain, CHAR_UTF8, NULL))
		return false;
	valid = domain_to_ascii(domain, &ascii);
	buf_fini(&ascii);
	return valid;
}

static struct {
	__typeof__(idn2_lookup_u8) *lookup;
	__typeof__(idn2_free) *free;
} idn2;

static const struct library_function functions[] = {
	{ "idn2_lookup_u8", &idn2.lookup }, { "idn2_free", &idn2.free }, { NULL },
};

bool
domain_load_library(struct buf *why)
{
	return library_load(IDN2_LIBRARY, functions, why);
}

/* A setting of the process: the lookups of IDNA2008, or those that still fold what IDNA2003 folded. */
static int lookup_flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;

void
domain_set_transitional(bool transitional)
{
	lookup_flags = IDN2_NFC_INPUT | (transitional ? IDN2_TRANSITIONAL : IDN2_NONTRANSITIONAL);
}

static bool
to_ascii(const char *name, struct buf *out)
{
	uint8_t *ascii = NULL;

	if (!domain_load_library(NULL) ||
	    idn2.lookup((const uint8_t *)name, &ascii, lookup_flags) != IDN2_OK)
		return false;
	buf_puts(out, (const char *)ascii);
	idn2.free(ascii);
	return true;
}

bool
domain_to_ascii(struct view domain, struct buf *out)
{
	struct buf name = BUF_INIT;
	bool converted;

	if (view_is_ascii(domain)) {
		buf_putv(out, domain);
		return true;
	}
	if (domain.len > DOMAIN_NAME_MAX || !utf8_valid(domain) || view_find(domain, '\0') >= 0)
		return false;
	buf_putv(&name, domain);
	converted = to_ascii(buf_c(&name), out);
	buf_fini(&name);
	return converted;
}

bool
domain_equal(struct view a, struct view b)
{
	struct buf ascii_a = BUF_INIT, ascii_b = BUF_INIT;
	bool equal = view_equal_nocase(a, b);

	if (!equal && !(view_is_ascii(a) && view_is_ascii(b)))
		equal = domain_to_ascii(a, &ascii_a) && domain_to_ascii(b, &ascii_b)
		    && view_equal_nocase(buf_view(&ascii_a), buf_view(&ascii_b));
	buf_fini(&ascii_a);
	buf_fini(&ascii_b);
	return equal;
}

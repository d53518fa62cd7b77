#include <stdint.h>

#include "table/rules.h"
#include "util/log/log.h"

/* Any text as the rules of a cidr, regexp or pcre table, asked for an address and for the text itself. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rule_syntax *const syntaxes[] = { &rule_syntax_cidr, &rule_syntax_regexp, &rule_syntax_pcre };
	struct view text;

	if (size == 0 || size > 4096)
		return 0;
	log_to_stderr(false);
	text = view_bytes(data + 1, size - 1);
	struct rules *rules = rules_parse(syntaxes[data[0] % ARRAY_COUNT(syntaxes)], text, true, 0);
	struct buf value = BUF_INIT;

	rules_lookup(rules, VIEW("192.0.2.1"), &value, NULL);
	buf_reset(&value);
	rules_lookup(rules, view_slice(text, 0, 64), &value, NULL);
	buf_fini(&value);
	rules_free(rules);
	return 0;
}

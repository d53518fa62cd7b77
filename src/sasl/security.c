#include "sasl/login.h"
#include "util/base/mem.h"

bool
login_security_parse(const char *words, unsigned *out, struct buf *why)
{
	static const struct {
		const char *word;
		unsigned bit;
	} known[] = {
		{ "noplaintext", LOGIN_NO_PLAINTEXT }, { "noactive", LOGIN_NO_ACTIVE }, { "nodictionary", LOGIN_NO_DICTIONARY },
		{ "noanonymous", LOGIN_NO_ANONYMOUS }, { "forward_secrecy", LOGIN_FORWARD_SECRECY },
		{ "mutual_auth", LOGIN_MUTUAL_AUTH },
	};
	struct view rest = view_string(words), word;
	unsigned bits = 0, bit;

	while (view_word(&rest, ", \t\r\n", &word)) {
		bit = 0;
		for (size_t i = 0; i < ARRAY_COUNT(known); i++)
			if (view_is_nocase(word, known[i].word))
				bit = known[i].bit;
		if (bit == 0) {
			why_set(why, "unknown SASL security option: %.*s", VIEW_ARG(word));
			return false;
		}
		bits |= bit;
	}
	*out = bits;
	return true;
}

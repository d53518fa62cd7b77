#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/base/sha256.h"
#include "util/text/encode.h"

static const struct {
	const char *text;
	size_t times;
	const char *digest;
} cases[] = {
	{ "",    1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void
test_known_digests(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf text = BUF_INIT, hex = BUF_INIT;
		uint8_t digest[SHA256_SIZE];

		for (size_t n = 0; n < cases[i].times; n++)
			buf_puts(&text, cases[i].text);
		sha256(text.data, text.len, digest);
		hex_encode(&hex, view_bytes(digest, sizeof(digest)), false);
		assert_string_equal(buf_c(&hex), cases[i].digest);
		buf_fini(&text);
		buf_fini(&hex);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_known_digests) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

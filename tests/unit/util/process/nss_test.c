/* Names of NSS libraries, from texts of nsswitch.conf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/process/nss.h"

static const struct {
	const char *name, *text, *database, *services;
} confs[] = {
	{ "plain",		"passwd: files\nhosts: files dns\n",		"hosts",	"files dns" },
	{ "blanks, comment",	"hosts:\t files  mdns4_minimal # dns\n",	"hosts",	"files mdns4_minimal" },
	{ "reactions",		"hosts: files [!UNAVAIL=return NOTFOUND = x] dns [a=b] y\n", "hosts", "files dns y" },
	{ "no line end",	"group: files systemd",				"group",	"files systemd" },
	{ "another database",	"hostsx: one\n#hosts: two\n",			"hosts",	"" },
	{ "not a name",		"hosts: ../x a/b dns\n",			"hosts",	"dns" },
	{ "open reaction",	"hosts: files [ dns\n",				"hosts",	"files" },
	{ "nothing",		"",						"hosts",	"" },
	{ "no colon",		"hosts files\n",				"hosts",	"" },
};

static void
test_services(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(confs); i++) {
		struct buf out = BUF_INIT;

		nss_services(view_string(confs[i].text), confs[i].database, &out);
		if (strcmp(buf_c(&out), confs[i].services) != 0)
			fail_msg("%s: %s", confs[i].name, buf_c(&out));
		buf_fini(&out);
	}
}

static void
test_loading_what_there_is(void **state)
{
	nss_load("passwd");
	nss_load("no such database");
}

static void
test_doubts(void **state)
{
	static const char text[] = "root:x:0:0::/:\nlast:x:1:1::/:";
	char path[] = "/tmp/passwd-XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	assert_int_equal(nss_doubt(path, "nobody"), 0);
	assert_int_equal(nss_doubt(path, "roo"), 0);
	assert_int_equal(nss_doubt(path, "x"), 0);
	assert_int_equal(nss_doubt(path, "root"), EAGAIN);
	assert_int_equal(nss_doubt(path, "last"), EAGAIN);
	unlink(path);
	assert_int_equal(nss_doubt(path, "root"), 0);
	assert_int_equal(nss_doubt("/", "root"), EISDIR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_loading_what_there_is),
		cmocka_unit_test(test_doubts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

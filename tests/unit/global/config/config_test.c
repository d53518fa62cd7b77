#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <config.h>	/* the build's own */
#include "global/config/internal.h"
#include "global/config/param.h"
#include "global/config/snapshot.h"
#include "global/config/tables.h"
#include "util/base/clock.h"
#include "util/file/file.h"
#include "util/text/words.h"

static char directory[] = "/tmp/config-test-XXXXXX";

static struct config *
config_of(const char *text, struct buf *why)
{
	struct buf path = BUF_INIT;
	struct config *config;
	int fd;

	buf_printf(&path, "%s/main.cf", directory);
	fd = file_open(buf_c(&path), O_WRONLY | O_CREAT | O_TRUNC, 0600, NULL);
	assert_true(fd != -1 && file_write_all(fd, view_string(text), NULL));
	/* Dated back, so that nobody waits for the file to settle. */
	futimens(fd, (struct timespec[]){ { 1000000000, 1 }, { 1000000000, 1 } });
	close(fd);
	config = config_load(directory, why);
	buf_fini(&path);
	return config;
}

static struct config *
good_config(const char *text)
{
	struct buf why = BUF_INIT;
	struct config *config = config_of(text, &why);

	if (config == NULL)
		fail_msg("%s", buf_c(&why));
	buf_fini(&why);
	return config;
}

static void
test_prefix(void **state)
{
	struct buf why = BUF_INIT;
	struct config *config;

	setenv(PREFIX_ENV, "/opt/ours", 1);
	config = good_config("daemon_directory = /usr/lib/theirs\nqueue_directory = /their/queue\n");
	assert_string_equal(config_string(config, "daemon_directory", &why), "/opt/ours" DEFAULT_DAEMON_DIRECTORY);
	assert_string_equal(config_where(config, "daemon_directory"), PREFIX_ENV);
	assert_string_equal(config_string(config, "sendmail_path", &why), "/opt/ours" DEFAULT_SENDMAIL_PATH);
	assert_string_equal(config_string(config, "queue_directory", &why), "/their/queue");
	config_free(config);
	setenv(PREFIX_ENV, "relative", 1);
	config = good_config("daemon_directory = /usr/lib/theirs\n");
	assert_string_equal(config_string(config, "daemon_directory", &why), "/usr/lib/theirs");
	config_free(config);
	unsetenv(PREFIX_ENV);
}

static const struct {
	const char *text, *value;	/* value of test_a */
} lines[] = {
	{ "test_a = one\n two\n\tthree\n", "one two three" },
	{ "test_a = one\n# comment\n two\n", "one two" },
	{ "test_a = one\n\n two\n", "one two" },
	{ "  # indented comment\ntest_a = v\n", "v" },
	{ "test_a=v\n", "v" },
	{ "test_a    =    v   \n", "v" },
	{ "test_a =", "" },
	{ "test_a =\n\tv\n", "v" },
	{ "test_a = v # not a comment\n", "v # not a comment" },
	{ "test_a = 1\ntest_a = 2\n", "2" },
	{ "test_a = a = b\n", "a = b" },
	{ "test_a = one\r\n two\r\n", "one two" },
	{ "test_a = no end of line", "no end of line" },
	{ "test_a = a\n#\n \n  # x\n b\n   \n", "a b" },
	{ "test_a = \xc3\xa4", "\xc3\xa4" },
};

static void
test_lines(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
		struct config *config = good_config(lines[i].text);

		assert_string_equal(config_raw(config, "test_a"), lines[i].value);
		config_free(config);
	}
}

static const struct {
	const char *text, *reason;
} bad_files[] = {
	{ "a = b\nno equal sign here\n", "main.cf, line 2: missing '=' after attribute name: \"no equal sign here\"" },
	{ "= value\n", "main.cf, line 1: missing attribute name" },
	{ "two words = value\n", "line 1: missing '=' after attribute name" },
	{ " x = y\n", "line 1: begins with a blank" },
	{ "a = b\n\nc = \001\n", "line 3: control character" },
	{ "\x7f" "ELF\n", "line 1: control character" },
	{ "a = b\n\xff\xfe = 3\n", "line 2: not a parameter name" },
};

static void
test_bad_files(void **state)
{
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(bad_files); i++) {
		assert_null(config_of(bad_files[i].text, &why));
		if (strstr(buf_c(&why), bad_files[i].reason) == NULL)
			fail_msg("%s: %s", bad_files[i].text, buf_c(&why));
	}
	buf_fini(&why);
}

static void
test_missing_file(void **state)
{
	struct buf why = BUF_INIT;

	assert_null(config_load("/nonexistent", &why));
	assert_string_equal(buf_c(&why), "open /nonexistent/main.cf: No such file or directory");
	buf_fini(&why);
}

static const struct {
	const char *text, *value;	/* NULL: refused */
} expansions[] = {
	{ "$mydomain", "example.test" },
	{ "${mydomain}", "example.test" },
	{ "$(mydomain)", "example.test" },
	{ "x${mydomain}y", "xexample.testy" },
	{ "${mydomain?set}", "set" },
	{ "${relayhost?set}", "" },
	{ "${relayhost:unset}", "unset" },
	{ "${mydomain:unset}", "" },
	{ "${mydomain?{a}:{b}}", "a" },
	{ "${relayhost?{a}:{b}}", "b" },
	{ "${relayhost ? {a} : {b}}", "b" },
	{ "${{$mydomain} == {example.test} ? {yes} : {no}}", "yes" },
	{ "${{$mydomain} != {example.test} ? {yes} : {no}}", "no" },
	{ "${{$mydomain}=={example.test}?{yes}:{no}}", "yes" },
	{ "${{3} < {20} ? {less} : {more}}", "less" },
	{ "${{abc} < {abd} ? {less} : {more}}", "less" },
	{ "${{1} >= {1} ? {ge}}", "ge" },
	{ "${{1} > {2} ? {gt}}", "" },
	{ "${{1} <= {1}:{gt}}", "" },
	{ "${{1} == {1}}", "true" },
	{ "${mydomain?{$myhostname}}", "mail.example.test" },
	{ "${mydomain?{${relayhost:{x$(mydomain)}}}}", "xexample.test" },
	{ "$nosuchparameter.", "." },
	{ "$$mydomain $$", "$mydomain $" },
	{ "${{3.6} >=level {3.10} ? {ge} : {lt}}", "lt" },
	{ "${{3} ==level {3.0.0} ? {eq} : {ne}}", "eq" },
	{ "${{} <level {1} ? {a}}", NULL },
	{ "${{x} <level {1} ? {a}}", NULL },
	{ "${domain_to_ascii{b\xc3\xbc" "cher.test}}", "xn--bcher-kva.test" },
	{ "${no_function{x}}", NULL },
	{ "${mydomain", NULL },
	{ "$(mydomain", NULL },
	{ "${}", NULL },
	{ "$ x", NULL },
	{ "a$", NULL },
	{ "${mydomain!}", NULL },
	{ "${{a} ~ {b}}", NULL },
	{ "${{a} == b}", NULL },
	{ "${mydomain?{a} b}", NULL },
	{ "$loop_a", NULL },
	{ "$loop_self", NULL },
	{ "$my_early", "late" },
	{ "${indirect?set}", "set" },
	{ "${{ a } == {a} ? {eq} : {ne}}", "ne" },
	{ "${mydomain?{ a }} ${mydomain? b}", " a   b" },
	{ "${relayhost?{a}:b c}", "b c" },
};

static void
test_expansion(void **state)
{
	struct config *config = good_config("mydomain = example.test\nmyhostname = mail.$mydomain\n"
	    "loop_a = $loop_b\nloop_b = x${loop_a}\nloop_self = $loop_self\nmy_early = $my_late\nmy_late = late\n"
	    "indirect = $relayhost\n");
	struct buf out = BUF_INIT, why = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(expansions); i++) {
		bool done;

		buf_reset(&out);
		buf_reset(&why);
		done = config_expand(config, view_string(expansions[i].text), &out, &why);
		if (done != (expansions[i].value != NULL) || (done && strcmp(buf_c(&out), expansions[i].value) != 0))
			fail_msg("%s: got \"%s\" (%s)", expansions[i].text, buf_c(&out), buf_c(&why));
		if (!done)
			assert_true(why.len > 0);
	}
	buf_fini(&why);
	buf_fini(&out);
	config_free(config);
}

/* References that multiply must end: 2^60 lookups, or gigabytes. */
static void
test_multiplying_references(void **state)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct config *config;

	for (int i = 0; i < 60; i++)
		buf_printf(&text, "m%d = $m%d$m%d\n", i, i + 1, i + 1);
	buf_puts(&text, "big60 = 0123456789\n");
	for (int i = 0; i < 60; i++)
		buf_printf(&text, "big%d = $big%d$big%d\n", i, i + 1, i + 1);
	config = good_config(buf_c(&text));
	assert_null(config_string(config, "m0", &why));
	assert_null(config_string(config, "big0", &why));
	config_free(config);
	buf_fini(&why);
	buf_fini(&text);
}

struct bound {
	int recipient_limit, timeout_sec, start_tls_sec, concurrency, rate_sec;
	bool biff;
	long long message_size;
	const char *banner, *forward, *origin;
};

static const struct binding bindings[] = {
	BIND_INT(struct bound, recipient_limit, "smtpd_recipient_limit"),
	BIND_TIME(struct bound, timeout_sec, "smtpd_timeout"),
	BIND_TIME(struct bound, start_tls_sec, "smtpd_starttls_timeout"),
	BIND_INT(struct bound, concurrency, "%_destination_concurrency_limit"),
	BIND_TIME(struct bound, rate_sec, "%_destination_rate_delay"),
	BIND_BOOL(struct bound, biff, "biff"),
	BIND_LONG(struct bound, message_size, "message_size_limit"),
	BIND_STRING(struct bound, banner, "smtpd_banner"),
	BIND_RAW(struct bound, forward, "forward_path"),
	BIND_STRING(struct bound, origin, "myorigin"),
	BIND_END
};

static void
test_binding(void **state)
{
	struct config *config = good_config("smtpd_recipient_limit = $my_limit\nmy_limit = 7\nmyhostname = mail.example.test\n"
	    "smtpd_starttls_timeout = 2m\nslow_destination_concurrency_limit = 3\nbiff = NO\nmessage_size_limit = 5000000000\n"
	    "default_destination_rate_delay = 1h\nmyorigin = /etc/hostname\n");
	struct buf why = BUF_INIT;
	struct bound b;

	config_set_service(config, "slow", "smtpd");
	config_override(config, VIEW("stress"), VIEW("yes"));
	if (!config_bind(config, bindings, &b, &why))
		fail_msg("%s", buf_c(&why));
	assert_int_equal(b.recipient_limit, 7);
	assert_int_equal(b.timeout_sec, 10);
	assert_int_equal(b.start_tls_sec, 120);
	assert_int_equal(b.concurrency, 3);
	assert_int_equal(b.rate_sec, 3600);
	assert_false(b.biff);
	assert_true(b.message_size == 5000000000);
	assert_string_equal(b.banner, "mail.example.test ESMTP Posthaste");
	assert_string_equal(b.forward, "$home/.forward${recipient_delimiter}${extension}, $home/.forward");
	assert_true(b.origin[0] != '/' && strchr(b.origin, '\n') == NULL);
	config_free(config);
	buf_fini(&why);
}

static const struct {
	const char *name, *text, *reason;
} bad_values[] = {
	{ "message_size_limit", "lots", "bad numerical configuration: message_size_limit = lots (" },
	{ "message_size_limit", "", "bad numerical configuration: message_size_limit =  (" },
	{ "message_size_limit", "99999999999999999999", "main.cf, line 1; expected: a whole number)" },
	{ "message_size_limit", "1 2", "bad numerical" },
	{ "smtpd_recipient_limit", "0", "expected: a whole number of at least 1)" },
	{ "smtpd_recipient_limit", "3000000000", "bad numerical" },
	{ "smtpd_forbid_bare_newline_reject_code", "450", "expected: a whole number from 500 to 599)" },
	{ "default_delivery_slot_discount", "101", "of at most 100)" },
	{ "biff", "maybe", "bad boolean configuration: biff = maybe (" },
	{ "biff", "", "expected: yes or no)" },
	{ "smtpd_timeout", "1hh", "bad time configuration: smtpd_timeout = 1hh (" },
	{ "smtpd_timeout", "1x", "bad time" },
	{ "smtpd_timeout", "h", "bad time" },
	{ "smtpd_timeout", "-1", "bad time" },
	{ "smtpd_timeout", "0", "of at least 1s)" },
	{ "smtpd_timeout", "99999w", "bad time" },
	{ "bounce_queue_lifetime", "101d", "of at most 8640000s)" },
	{ "myorigin", "", "bad string length configuration: myorigin =  (" },
	{ "myorigin", "/nonexistent/mailname", "open /nonexistent/mailname" },
	{ "default_verp_delimiters", "+", "expected: 2 characters, not 1)" },
	{ "smtpd_banner", "${x", "main.cf, line 1: parameter smtpd_banner: unbalanced" },
};

static bool
typed_value(struct config *config, const char *name, struct buf *why)
{
	long long number;
	int small;
	bool truth;
	const struct binding any_long[] = { { name, BINDING_LONG, 0 }, BIND_END };

	switch (param_find(view_string(name))->type) {
	case PARAM_INT: return config_int(config, name, &small, why);
	case PARAM_LONG: return config_bind(config, any_long, &number, why);
	case PARAM_BOOL: return config_bool(config, name, &truth, why);
	case PARAM_TIME: return config_time(config, name, &small, why);
	default: return config_string(config, name, why) != NULL;
	}
}

/* CF5 among them: numbers with leftovers, a suffix twice, overflow, nothing */
static void
test_bad_values(void **state)
{
	struct buf text = BUF_INIT, why = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(bad_values); i++) {
		struct config *config;

		buf_reset(&text);
		buf_printf(&text, "%s = %s\n", bad_values[i].name, bad_values[i].text);
		config = good_config(buf_c(&text));
		assert_false(typed_value(config, bad_values[i].name, &why));
		if (strstr(buf_c(&why), bad_values[i].reason) == NULL)
			fail_msg("%s = %s: %s", bad_values[i].name, bad_values[i].text, buf_c(&why));
		config_free(config);
	}
	buf_fini(&why);
	buf_fini(&text);
}

static void
assert_value(struct config *config, const char *name, const char *value)
{
	assert_string_equal(config_string(config, name, NULL), value);
}

/* CF13: identity is not for configuration */
static void
test_read_only(void **state)
{
	struct config *config = good_config("process_name = x\nmail_version = 1\nservice_name=\nconfig_directory = /x\n");

	config_set_service(config, "smtp", "smtpd");
	config_override(config, VIEW("process_name"), VIEW("y"));
	assert_value(config, "process_name", "smtpd");
	assert_value(config, "service_name", "smtp");
	assert_value(config, "mail_version", "3.12.0");
	assert_value(config, "config_directory", directory);
	assert_false(config_is_set(config, "mail_version"));
	config_free(config);
}

/* CF10: legacy and new name both absent, one set, both set */
static void
test_legacy_names(void **state)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "", "" },
		{ "virtual_maps = old\n", "old" },
		{ "virtual_alias_maps = new\n", "new" },
		{ "virtual_maps = old\nvirtual_alias_maps = new\n", "new" },
		{ "virtual_maps = old\nvirtual_alias_maps =\n", "" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct config *config = good_config(cases[i].text);

		assert_value(config, "virtual_alias_maps", cases[i].value);
		config_free(config);
	}
}

static void
test_transports(void **state)
{
	struct config *config = good_config("slow-1_destination_concurrency_limit = 1\ndefault_destination_recipient_limit = 9\n");
	int limit;

	assert_true(config_transport_int(config, "slow-1", "_destination_concurrency_limit", &limit, NULL));
	assert_int_equal(limit, 1);
	assert_true(config_transport_int(config, "other", "_destination_concurrency_limit", &limit, NULL));
	assert_int_equal(limit, 20);
	assert_true(config_transport_int(config, "other", "_destination_recipient_limit", &limit, NULL));
	assert_int_equal(limit, 9);
	assert_true(config_transport_int(config, "local", "_destination_recipient_limit", &limit, NULL));
	assert_int_equal(limit, 1);
	assert_true(config_transport_time(config, "other", "_transport_rate_delay", &limit, NULL));
	assert_int_equal(limit, 0);
	assert_string_equal(config_transport_string(config, "other", "_time_limit", NULL), "1000s");
	config_free(config);
}

static void
test_where(void **state)
{
	struct config *config = good_config("# x\nmydomain = a\nrelayhost = b\n");
	struct buf place = BUF_INIT;

	config_override(config, VIEW("relayhost"), VIEW("c"));
	buf_printf(&place, "%s/main.cf, line 2", directory);
	assert_string_equal(config_where(config, "mydomain"), buf_c(&place));
	assert_string_equal(config_where(config, "relayhost"), "option -o");
	assert_string_equal(config_where(config, "biff"), "default");
	assert_value(config, "relayhost", "c");
	buf_fini(&place);
	config_free(config);
}

static void
test_host_defaults(void **state)
{
	struct config *config = good_config("myhostname = mail.example.test\ninet_interfaces = loopback-only\n"
	    "inet_protocols = ipv4\nmynetworks_style = host\n");

	assert_value(config, "mydomain", "example.test");
	assert_value(config, "mynetworks", "127.0.0.1/32");
	config_override(config, VIEW("mynetworks_style"), VIEW("subnet"));
	assert_value(config, "mynetworks", "127.0.0.0/8");
	config_override(config, VIEW("inet_interfaces"), VIEW("192.0.2.7, [2001:db8::1]"));
	config_override(config, VIEW("inet_protocols"), VIEW("all"));
	assert_value(config, "mynetworks", "192.0.2.7/32 [2001:db8::1]/128");
	config_override(config, VIEW("mynetworks_style"), VIEW("class"));
	assert_value(config, "mynetworks", "192.0.2.0/24 [2001:db8::1]/128");
	config_override(config, VIEW("mynetworks_style"), VIEW("all"));
	assert_null(config_string(config, "mynetworks", NULL));
	config_override(config, VIEW("myhostname"), VIEW("single"));
	assert_value(config, "mydomain", "localdomain");
	config_free(config);
}

static struct config *
config_of_snapshot(int fd)
{
	struct buf text = BUF_INIT;
	struct config *config;

	buf_printf(&text, "%d:%d", SNAPSHOT_VERSION, fd);
	setenv(SNAPSHOT_ENV, buf_c(&text), 1);
	buf_fini(&text);
	config = snapshot_load(directory);
	assert_null(getenv(SNAPSHOT_ENV));
	return config;
}

static void
test_snapshot(void **state)
{
	struct config *config = good_config("mydomain = example.test\nmyhostname = mail.$mydomain\nempty =\n"), *copy;
	struct buf why = BUF_INIT;
	int fd;

	config_override(config, VIEW("relayhost"), VIEW("only-here"));
	fd = snapshot_make(config, &why);
	if (fd == -1)
		fail_msg("%s", buf_c(&why));
	assert_non_null(copy = config_of_snapshot(dup(fd)));
	assert_string_equal(config_raw(copy, "myhostname"), "mail.$mydomain");
	assert_string_equal(config_raw(copy, "empty"), "");
	assert_string_equal(config_where(copy, "myhostname"), config_where(config, "myhostname"));
	assert_false(config_is_set(copy, "relayhost"));
	config_free(copy);

	/* Another main.cf since then; no memory file at all; not ours. */
	config_free(good_config("mydomain = other.test\n"));
	assert_null(config_of_snapshot(fd));
	assert_null(config_of_snapshot(open("/dev/null", O_RDONLY | O_CLOEXEC)));
	assert_null(config_of_snapshot(999));
	setenv(SNAPSHOT_ENV, "2:3", 1);
	assert_null(snapshot_load(directory));
	config_free(config);
	buf_fini(&why);
}

static void
test_snapshot_cut_short(void **state)
{
	struct config *config = good_config("mydomain = example.test\nrelayhost = x\n");
	struct buf content = BUF_INIT;
	int whole = 0;

	snapshot_encode(config, &content);
	for (size_t n = 0; n <= content.len; n++) {
		struct config *copy = config_new(directory);
		char *exact = mem_dup(content.data, n);

		whole += snapshot_decode(view_bytes(exact, n), copy);
		mem_free(exact);
		config_free(copy);
	}
	assert_int_equal(whole, 3);	/* behind the head and behind each setting */
	buf_fini(&content);
	config_free(config);
}

static void
test_table_env(void **state)
{
	struct config *config = good_config("my_ldap_host = $mydomain\nmydomain = d.test\n");
	const struct table_env *env = config_table_env(config, NULL);

	assert_non_null(env);
	assert_false(env->utf8);
	assert_int_equal(env->bdb_read_cache, 131072);
	assert_string_equal(env->setting(env->arg, "my_ldap_host"), "d.test");
	assert_null(env->setting(env->arg, "my_ldap_port"));
	assert_string_equal(env->config_directory, directory);
	config_free(config);
}

static void
test_words(void **state)
{
	static const char *const expected[] = { "a", "b", "inline:{x=y, {z = 1}}", "{ c d }" };
	struct view rest = VIEW(" a,b\n ,inline:{x=y, {z = 1}} { c d },"), word, inner;
	size_t n = 0;

	for (; words_next(&rest, &word, NULL); n++) {
		assert_true(n < ARRAY_COUNT(expected));
		assert_true(view_is(word, expected[n]));
	}
	assert_int_equal(n, ARRAY_COUNT(expected));
	assert_true(words_inner(VIEW("{ c d }"), &inner, NULL) && view_is(inner, "c d"));
	assert_true(words_inner(VIEW("{}"), &inner, NULL) && view_is(inner, ""));
	assert_false(words_inner(VIEW("{ c } d"), &inner, NULL));
	assert_false(words_inner(VIEW("c"), &inner, NULL));
	rest = VIEW("a {b");
	assert_true(words_next(&rest, &word, NULL));
	assert_false(words_next(&rest, &word, NULL));
}

/* Writes for a while; false when somebody else had the processor for so long that the file seemed to rest. */
static bool
write_slowly(int started)
{
	struct buf path = BUF_INIT;
	msec_t last = clock_now(), gap = 0;
	int fd;

	buf_printf(&path, "%s/main.cf", directory);
	fd = open(buf_c(&path), O_WRONLY | O_TRUNC | O_CLOEXEC);
	close(started);
	for (int i = 0; i < 20 && fd != -1; i++) {
		file_write_all(fd, VIEW("a = new\n"), NULL);
		usleep(2000);
		if (clock_now() - last > gap)
			gap = clock_now() - last;
		last = clock_now();
	}
	return gap < 10;
}

/* CF3: a file that is being written is read again until it rests */
static void
test_file_that_changes(void **state)
{
	struct config *config;
	int status = 1, fds[2];
	char byte;
	pid_t child;

	for (int i = 0; i < 50 && status != 0; i++) {
		config_free(good_config("a = old\n"));
		assert_int_equal(pipe(fds), 0);
		if ((child = fork()) == 0)
			_exit(write_slowly(fds[1]) ? 0 : 1);
		close(fds[1]);
		assert_int_equal(read(fds[0], &byte, 1), 0);	/* end of file: it is being written */
		close(fds[0]);
		config = config_load(directory, NULL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_non_null(config);
		if (status == 0)
			assert_string_equal(config_where(config, "a") + strlen(config_where(config, "a")) - 7, "line 20");
		config_free(config);
	}
}

static int
setup(void **state)
{
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/main.cf", directory);
	unlink(buf_c(&path));
	buf_fini(&path);
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_expansion),
		cmocka_unit_test(test_multiplying_references),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_legacy_names),
		cmocka_unit_test(test_transports),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_host_defaults),
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_snapshot_cut_short),
		cmocka_unit_test(test_table_env),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_file_that_changes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

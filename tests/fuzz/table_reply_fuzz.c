/*
 * What a table server may answer: tcp, socketmap or memcache (the first byte says which), asked for one key. A child plays
 * the server: it answers each connection with the rest of the input, and hangs up.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "table/table.h"
#include "util/log/log.h"

enum { SIZE_MAX_FUZZED = 8192 };

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct answer {
	size_t size;
	char bytes[SIZE_MAX_FUZZED];
} *answer;			/* shared with the child */

static char path[64];

static void __attribute__((noreturn))
serve(int listener)
{
	char request[4096];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (read(fd, request, sizeof(request)) > 0)
			send(fd, answer->bytes, answer->size, MSG_NOSIGNAL);
		close(fd);
	}
}

static void
remove_path(void)
{
	unlink(path);
}

static void
start_server(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(path, sizeof(path), "/tmp/table_reply_fuzz.%ld", (long)getpid());
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) == -1 || listen(listener, 64) == -1)
		abort();
	if (fork() == 0)
		serve(listener);
	close(listener);
	atexit(remove_path);
}

/* memcache reads its parameters from "main.cf". */
static const char *
setting(void *arg, const char *name)
{
	static char place[80];

	snprintf(place, sizeof(place), "unix:%s", path);
	return strcmp(name, "fuzz_memcache") == 0 ? place : strcmp(name, "fuzz_max_try") == 0 ? "1" : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct table_env env = { .utf8 = true, .default_type = "static", .setting = setting };
	static const char *const forms[][2] = { { "tcp:unix:", "" }, { "socketmap:unix:", ":map" } };
	struct buf name = BUF_INIT, value = BUF_INIT;
	struct table *table;

	if (size == 0 || size > SIZE_MAX_FUZZED)
		return 0;
	log_to_stderr(false);
	if (answer == NULL)
		start_server();
	answer->size = size - 1;
	memcpy(answer->bytes, data + 1, size - 1);
	if (data[0] % 3 < ARRAY_COUNT(forms))
		buf_printf(&name, "%s%s%s", forms[data[0] % 3][0], path, forms[data[0] % 3][1]);
	else
		buf_puts(&name, "memcache:fuzz");
	table = table_open(&env, buf_view(&name), TABLE_FOLD_FIXED);
	table_lookup(table, VIEW("key"), &value, NULL);
	table_close(table);
	buf_fini(&value);
	buf_fini(&name);
	return 0;
}

#include "toys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "table/table.h"
#include "util/event/loop.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { WAIT_MS = 60 * 1000, STEP_MS = 5, LIFTED_FD = 20 };

static struct {
	char folder[64];
	int listener, type;
} the = { .listener = -1 };

/* -- the services -------------------------------------------------------------------------------- */

const struct ipc_protocol toy_protocol = { "toy", 1 };

static void
write_log(struct view text)
{
	int fd = open("toy.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct buf line = BUF_INIT;

	buf_putv(&line, text);
	buf_putc(&line, '\n');
	file_write_all(fd, buf_view(&line), NULL);
	buf_fini(&line);
	close(fd);
}

static bool
read_run(struct channel *channel, struct frame frame)
{
	while (frame.flags & FRAME_MORE)
		if (channel_read(channel, &frame, clock_deadline(WAIT_MS)) != CHANNEL_OK)
			return false;
	return true;
}

static enum service_answer
toy_serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	if (request->type == TOY_HANG)
		for (;;)
			pause();
	if (request->type == TOY_LONG && !read_run(channel, *request))
		return SERVICE_HANG_UP;
	if (request->type == TOY_LONG)
		frame_put_raw(channel_out(channel), TOY_ANSWER, 0, VIEW("whole"));
	else
		frame_put_raw(channel_out(channel), TOY_ANSWER, 0, request->payload);
	return SERVICE_DONE;
}

static void
toy_trigger_came(struct service_context *ctx, struct view requests)
{
	write_log(requests);
}

static void
toy_announced(struct service_context *ctx, const struct frame *frame)
{
	write_log(frame->payload);
}

static void
toy_prepare_log(struct service_context *ctx)
{
	service_promise_path(ctx, "file-write", ".");
}

static void
toy_prepare_table(struct service_context *ctx)
{
	struct table *table = table_open(service_tables(ctx), VIEW("texthash:toy.map"), 0);

	service_watch(ctx, table);
}

static void
toy_say_hello(struct service_context *ctx, int fd)
{
	if (write(service_standalone(ctx) ? STDOUT_FILENO : fd, "hello\n", 6) != 6)
		_exit(3);
	close(fd);
}

struct echo {
	struct service_context *ctx;
	struct loop_io io;
};

static void
toy_echo(int fd, int what, void *arg)
{
	struct echo *echo = arg;
	char byte;
	ssize_t n = read(fd, &byte, 1);

	if (n == 1 && write(fd, &byte, 1) == 1)
		return;
	if (n == -1 && errno == EAGAIN)
		return;
	loop_io_stop(&echo->io);
	close(fd);
	service_client_done(echo->ctx);
	mem_free(echo);
}

static void
toy_event_client(struct service_context *ctx, int fd)
{
	struct echo *echo = mem_new(sizeof(*echo));

	echo->ctx = ctx;
	loop_io_start(service_loop(ctx), &echo->io, fd, LOOP_READ, toy_echo, echo);
}

const struct service toy_sequential = {
	.name = "toy", .shape = SERVICE_SEQUENTIAL, .protocol = &toy_protocol, .serve = toy_serve,
	.prepare = toy_prepare_log, .trigger = toy_trigger_came,
};
const struct service toy_many = {
	.name = "toy", .shape = SERVICE_MANY_CLIENTS, .protocol = &toy_protocol, .serve = toy_serve,
	.prepare = toy_prepare_log, .trigger = toy_trigger_came,
};
const struct service toy_solitary = {
	.name = "toy", .shape = SERVICE_MANY_CLIENTS, .flags = SERVICE_SOLITARY, .protocol = &toy_protocol,
	.serve = toy_serve,
};
const struct service toy_event = {
	.name = "toy", .shape = SERVICE_EVENT, .client = toy_event_client,
};
const struct service toy_manager = {
	.name = "toy", .shape = SERVICE_MANAGER, .flags = SERVICE_NO_RETIRE, .protocol = &toy_protocol,
	.prepare = toy_prepare_log, .trigger = toy_trigger_came, .announced = toy_announced,
};
const struct service toy_trigger = {
	.name = "toy", .shape = SERVICE_SEQUENTIAL, .prepare = toy_prepare_log, .trigger = toy_trigger_came,
};
const struct service toy_datagram = {
	.name = "toy", .shape = SERVICE_EVENT, .prepare = toy_prepare_log, .datagram = toy_trigger_came,
};
const struct service toy_table = {
	.name = "toy", .shape = SERVICE_SEQUENTIAL, .protocol = &toy_protocol, .serve = toy_serve,
	.prepare = toy_prepare_table,
};
const struct service toy_foreign = {
	.name = "toy", .shape = SERVICE_SEQUENTIAL, .flags = SERVICE_STANDALONE, .client = toy_say_hello,
};

/* -- the scratch folder -------------------------------------------------------------------------- */

static void
write_file(const char *name, const char *text)
{
	if (!file_replace(name, view_string(text), 0644, NULL))
		abort();
}

void
toys_set_up(void)
{
	struct buf main_cf = BUF_INIT;

	snprintf(the.folder, sizeof(the.folder), "/tmp/toys.XXXXXX");
	if (mkdtemp(the.folder) == NULL || chdir(the.folder) == -1)
		abort();
	buf_printf(&main_cf, "queue_directory = %s\nmail_owner = nobody\ndaemon_timeout = 20s\n", the.folder);
	buf_puts(&main_cf, "compatibility_level = 3.6\n");
	write_file("main.cf", buf_c(&main_cf));
	write_file("toy.map", "a b\n");
	setenv("MAIL_CONFIG", the.folder, 1);
	buf_fini(&main_cf);
}

void
toys_tear_down(void)
{
	static const char *const names[] = { "main.cf", "toy.map", "toy.log", TOY_SOCKET };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		unlink(names[i]);
	if (chdir("/") == 0)
		rmdir(the.folder);
}

void
toys_listen(int type)
{
	struct sockaddr_un at = { AF_UNIX, TOY_SOCKET };

	unlink(TOY_SOCKET);
	unlink("toy.log");
	the.type = type;
	the.listener = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (bind(the.listener, (struct sockaddr *)&at, sizeof(at)) == -1)
		abort();
	if (type == SOCK_STREAM && listen(the.listener, 50) == -1)
		abort();
}

void
toys_unlisten(void)
{
	close(the.listener);
	the.listener = -1;
}

int
toys_socket(void)
{
	struct sockaddr_un at = { AF_UNIX, TOY_SOCKET };
	int fd = socket(AF_UNIX, the.type | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == -1)
		abort();
	return fd;
}

/* -- master -------------------------------------------------------------------------------------- */

/* Lifted first, so that none of them is overwritten before its turn. */
static void
place(int status)
{
	int flow[2], fds[4];

	if (pipe(flow) == -1)
		abort();
	fds[0] = fcntl(flow[0], F_DUPFD, LIFTED_FD);
	fds[1] = fcntl(flow[1], F_DUPFD, LIFTED_FD);
	fds[2] = fcntl(status, F_DUPFD, LIFTED_FD);
	fds[3] = fcntl(the.listener, F_DUPFD, LIFTED_FD);
	for (int i = 0; i < 4; i++)
		dup2(fds[i], MASTER_FLOW_READ_FD + i);
	for (int fd = MASTER_LISTEN_FD + 1; fd < LIFTED_FD + 10; fd++)
		close(fd);
}

static void __attribute__((noreturn))
become(const struct service *service, const char *options)
{
	char *argv[20] = { (char *)"toy" }, *words = mem_string(options);
	int argc = 1, null = open("/dev/null", O_RDWR);

	if (strstr(options, "-S") == NULL) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDERR_FILENO);
	}
	for (char *word = strtok_r(words, " ", &words); word != NULL; word = strtok_r(NULL, " ", &words))
		argv[argc++] = word;
	argv[argc] = NULL;
	setenv(MASTER_GENERATION_ENV, "17", 1);
	_exit(service_main(service, argc, argv));
}

struct toy_child
toy_start(const struct service *service, const char *options)
{
	struct toy_child child;
	int status[2];

	if (pipe2(status, O_NONBLOCK | O_CLOEXEC) == -1)
		abort();
	if ((child.pid = fork()) == 0) {
		if (the.listener != -1)
			place(status[1]);
		become(service, options);
	}
	close(status[1]);
	child.status = status[0];
	return child;
}

void
toy_reload(struct toy_child *child)
{
	if (child->status != -1)
		close(child->status);
	child->status = -1;
}

int
toy_wait(struct toy_child *child)
{
	msec_t deadline = clock_deadline(WAIT_MS);
	int status;

	while (clock_now() < deadline) {
		if (waitpid(child->pid, &status, WNOHANG) == child->pid) {
			toy_reload(child);
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
		}
		poll(NULL, 0, STEP_MS);
	}
	kill(child->pid, SIGKILL);
	waitpid(child->pid, &status, 0);
	toy_reload(child);
	return 2000;
}

const char *
toy_notes(struct toy_child *child, size_t count)
{
	static const char letters[] = "?BIS";
	static char text[64];
	msec_t deadline = clock_deadline(count > 0 ? WAIT_MS : 0);
	struct master_note note;
	size_t n = 0;

	while (n < sizeof(text) - 1) {
		if (read(child->status, &note, sizeof(note)) != sizeof(note)) {
			if (n >= count || !fd_wait(child->status, POLLIN, deadline))
				break;
			continue;
		}
		if (note.pid != (uint32_t)child->pid || note.generation != 017)
			return "not ours";
		text[n++] = letters[note.state <= MASTER_NOTE_SERVED ? note.state : 0];
	}
	text[n] = '\0';
	return text;
}

bool
toy_logged(const char *text)
{
	struct buf log = BUF_INIT;
	msec_t deadline = clock_deadline(WAIT_MS);
	bool found = false;

	while (!found && clock_now() < deadline) {
		buf_reset(&log);
		found = file_read_all("toy.log", 100000, &log, NULL) && strstr(buf_c(&log), text) != NULL;
		if (!found)
			poll(NULL, 0, STEP_MS);
	}
	buf_fini(&log);
	return found;
}

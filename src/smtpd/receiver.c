#include "smtpd/receiver.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "global/queue/submission.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/process/process.h"

struct receiver_kind {
	bool (*open)(struct receiver *receiver, unsigned flags, struct buf *why);
	void (*put)(struct receiver *receiver, int type, struct view data);
	struct view (*id)(struct receiver *receiver);
	unsigned (*finish)(struct receiver *receiver, struct buf *reason);
	void (*abort)(struct receiver *receiver);
	bool names_early;
};

enum { OUT_SIZE = 32 * 1024, ANSWER_MAX = 1024 };

struct receiver {
	const struct receiver_kind *kind;
	struct cleanup_client *cleanup;
	/* postdrop */
	char *program;
	pid_t pid;
	int input, output;		/* ours: to it, and from it */
	enum submission_segment segment;
	struct buf out, id;
};

/* -- cleanup ------------------------------------------------------------------------------------------------------------------ */

static bool
cleanup_begin(struct receiver *receiver, unsigned flags, struct buf *why)
{
	return cleanup_open(receiver->cleanup, flags, why);
}

static void
cleanup_take(struct receiver *receiver, int type, struct view data)
{
	cleanup_put(receiver->cleanup, type, data);
}

static struct view
cleanup_name(struct receiver *receiver)
{
	return cleanup_id(receiver->cleanup);
}

static unsigned
cleanup_end(struct receiver *receiver, struct buf *reason)
{
	return cleanup_finish(receiver->cleanup, reason);
}

static void
cleanup_cancel(struct receiver *receiver)
{
	cleanup_abort(receiver->cleanup);
}

static const struct receiver_kind cleanup_kind = {
	cleanup_begin, cleanup_take, cleanup_name, cleanup_end, cleanup_cancel, true,
};

struct receiver *
receiver_cleanup(const char *path, msec_t timeout_ms)
{
	struct receiver *receiver = mem_new(sizeof(*receiver));

	receiver->kind = &cleanup_kind;
	receiver->cleanup = cleanup_client_new(path, timeout_ms);
	return receiver;
}

/* -- postdrop ----------------------------------------------------------------------------------------------------------------- */

static void
close_pipe(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static bool
start_with_pipes(struct receiver *receiver, const int in[2], const int out[2], struct buf *why)
{
	extern char **environ;
	char option[] = "-r", *argv[] = { receiver->program, option, NULL };
	struct process_spec spec = { .argv = argv, .environment = environ, .input = in[0], .output = out[1],
	    .error = STDERR_FILENO, .foreground = true };

	if (!fd_set_cloexec(in[1], true) || !fd_set_cloexec(out[0], true)) {
		why_set(why, "pipe: %s", strerror(errno));
		return false;
	}
	receiver->pid = process_start(&spec, why);
	return receiver->pid != -1;
}

static bool
postdrop_begin(struct receiver *receiver, unsigned flags, struct buf *why)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	bool started;

	if (pipe(in) == -1 || pipe(out) == -1) {
		why_set(why, "pipe: %s", strerror(errno));
		started = false;
	} else {
		started = start_with_pipes(receiver, in, out, why);
	}
	close_pipe(&in[0]);
	close_pipe(&out[1]);
	if (!started) {
		close_pipe(&in[1]);
		close_pipe(&out[0]);
	}
	receiver->input = in[1];
	receiver->output = out[0];
	receiver->segment = SUBMISSION_ENVELOPE;
	buf_reset(&receiver->out);
	buf_reset(&receiver->id);
	return started;
}

/* Whoever went away says why by its exit status. */
static void
flush(struct receiver *receiver)
{
	if (receiver->input != -1 && !file_write_all(receiver->input, buf_view(&receiver->out), NULL))
		close_pipe(&receiver->input);
	buf_reset(&receiver->out);
}

/* A server knows more of its client than a user may say of himself: that stays here. */
static void
postdrop_take(struct receiver *receiver, int type, struct view data)
{
	if (!submission_type_allowed(receiver->segment, type)
	    || (type == RECORD_ATTRIBUTE && !submission_attribute_allowed(data)))
		return;
	record_put(&receiver->out, type, data);
	receiver->segment = submission_segment_after(receiver->segment, type);
	if (receiver->out.len >= OUT_SIZE)
		flush(receiver);
}

static struct view
postdrop_name(struct receiver *receiver)
{
	return buf_view(&receiver->id);
}

/* "queue_id" NUL id NUL "status" NUL … */
static void
take_answer(struct receiver *receiver)
{
	static const char name[] = "queue_id";
	char answer[ANSWER_MAX];
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(answer) - 1 && ((n = read(receiver->output, answer + have, sizeof(answer) - 1 - have)) > 0
	    || (n == -1 && errno == EINTR)))
		have += n > 0 ? (size_t)n : 0;
	answer[have] = '\0';
	if (have > sizeof(name) && memcmp(answer, name, sizeof(name)) == 0)
		buf_puts(&receiver->id, answer + sizeof(name));
}

static int
reap(struct receiver *receiver)
{
	int status;

	while (waitpid(receiver->pid, &status, 0) == -1) {
		if (errno != EINTR)
			return EX_TEMPFAIL;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_TEMPFAIL;
}

static unsigned
postdrop_end(struct receiver *receiver, struct buf *reason)
{
	int status;

	flush(receiver);
	close_pipe(&receiver->input);
	take_answer(receiver);
	close_pipe(&receiver->output);
	status = reap(receiver);
	if (status == EX_OK && receiver->id.len > 0)
		return CLEANUP_OK;
	return status == EX_DATAERR ? CLEANUP_SIZE : CLEANUP_WRITE;
}

static void
postdrop_cancel(struct receiver *receiver)
{
	kill(receiver->pid, SIGTERM);
	close_pipe(&receiver->input);
	close_pipe(&receiver->output);
	reap(receiver);
}

static const struct receiver_kind postdrop_kind = {
	postdrop_begin, postdrop_take, postdrop_name, postdrop_end, postdrop_cancel, false,
};

struct receiver *
receiver_postdrop(const char *command_directory)
{
	struct receiver *receiver = mem_new(sizeof(*receiver));
	struct buf program = BUF_INIT;

	buf_printf(&program, "%s/postdrop", command_directory);
	receiver->kind = &postdrop_kind;
	receiver->program = buf_detach(&program);
	receiver->input = receiver->output = -1;
	return receiver;
}

/* -- either ------------------------------------------------------------------------------------------------------------------- */

bool
receiver_open(struct receiver *receiver, unsigned flags, struct buf *why)
{
	return receiver->kind->open(receiver, flags, why);
}

void
receiver_put(struct receiver *receiver, int type, struct view data)
{
	receiver->kind->put(receiver, type, data);
}

void
receiver_printf(struct receiver *receiver, int type, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	receiver_put(receiver, type, buf_view(&text));
	buf_fini(&text);
}

void
receiver_push(struct receiver *receiver)
{
	if (receiver->cleanup != NULL)
		cleanup_push(receiver->cleanup);
}

bool
receiver_names_early(const struct receiver *receiver)
{
	return receiver->kind->names_early;
}

struct view
receiver_id(struct receiver *receiver)
{
	return receiver->kind->id(receiver);
}

unsigned
receiver_finish(struct receiver *receiver, struct buf *reason)
{
	return receiver->kind->finish(receiver, reason);
}

void
receiver_abort(struct receiver *receiver)
{
	receiver->kind->abort(receiver);
}

bool
receiver_rests(const struct receiver *receiver)
{
	return receiver->cleanup != NULL && cleanup_client_holds(receiver->cleanup);
}

void
receiver_release(struct receiver *receiver)
{
	if (receiver->cleanup != NULL)
		cleanup_client_release(receiver->cleanup);
}

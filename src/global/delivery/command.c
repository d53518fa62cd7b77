#include "global/delivery/command.h"

#include <errno.h>

#include "util/log/log.h"
#include "util/text/chars.h"

enum { OUTPUT_MAX = 4096 };

/* -- what its end means -------------------------------------------------------------------------------------------- */

static const struct {
	int code;
	const char *status, *text;
} exits[] = {		/* sysexits.h */
	{ 64, "5.3.0", "command line usage error" },
	{ 65, "5.6.0", "data format error" },
	{ 66, "5.3.0", "cannot open input" },
	{ 67, "5.1.1", "user unknown" },
	{ 68, "5.1.2", "host name unknown" },
	{ 69, "5.3.0", "service unavailable" },
	{ 70, "5.3.0", "internal software error" },
	{ 71, "4.3.0", "system resource problem" },
	{ 72, "5.3.0", "critical OS file missing" },
	{ 73, "5.2.0", "can't create user output file" },
	{ 74, "5.3.0", "input/output error" },
	{ 75, "4.3.0", "temporary failure" },
	{ 76, "5.5.0", "remote error in protocol" },
	{ 77, "5.7.0", "permission denied" },
	{ 78, "5.3.5", "local configuration error" },
};

static void
judge_exit(int code, const char *command, struct dsn *dsn)
{
	for (size_t i = 0; i < ARRAY_COUNT(exits); i++) {
		if (exits[i].code == code) {
			dsn_set(dsn, exits[i].status, "%s", exits[i].text);
			return;
		}
	}
	dsn_set(dsn, "5.3.0", "Command died with status %d: \"%s\"", code, command);
}

/* "4.7.1 try later": the command decides by words. A success would contradict its exit status. */
static bool
judge_words(struct view output, struct dsn *dsn)
{
	char status[DSN_STATUS_SIZE];
	struct view rest;

	if (!dsn_split(output, status, &rest) || (status[0] != '4' && status[0] != '5'))
		return false;
	dsn_set(dsn, status, "%.*s", VIEW_ARG(view_trim(rest)));
	buf_set(&dsn->diag_text, buf_view(&dsn->text));
	return true;
}

static void
judge_failure(int code, const char *command, struct view output, struct dsn *dsn)
{
	if (judge_words(output, dsn))
		return;
	judge_exit(code, command, dsn);
	if (!view_empty(output))
		buf_printf(&dsn->text, ". Command output: %.*s", VIEW_ARG(output));
}

static void
judge(struct process_outcome outcome, const char *command, struct view output, struct dsn *dsn)
{
	if (outcome.result == PROCESS_TIMEOUT)
		dsn_set(dsn, "5.3.0", "Command time limit exceeded: \"%s\"", command);
	else if (outcome.result == PROCESS_KILLED)		/* LV17: not its own verdict */
		dsn_set(dsn, "4.3.0", "Command died with signal %d: \"%s\"", outcome.status, command);
	else if (outcome.status != 0)
		judge_failure(outcome.status, command, output, dsn);
	else
		dsn_set(dsn, "2.0.0", "%s", "");
	if (outcome.result != PROCESS_EXITED && !view_empty(output))
		buf_printf(&dsn->text, ". Command output: %.*s", VIEW_ARG(output));
}

/* What the command said, without the code it began with; else what is said about it. */
static void
put_diagnostic(struct dsn *dsn, struct view output)
{
	buf_set(&dsn->diag_type, VIEW("x-unix"));
	if (dsn->diag_text.len == 0)
		buf_set(&dsn->diag_text, view_empty(output) ? buf_view(&dsn->text) : output);
}

/* -- running it ---------------------------------------------------------------------------------------------------- */

static bool
feed(void *child, struct view block, struct buf *why)
{
	int error;

	if (process_feed(child, block))
		return true;
	error = errno;
	why_set(why, "write to command: %s", strerror(error));
	errno = error;
	return false;
}

/* Line ends become blanks, as does what no log or notice could show. */
static void
make_one_line(struct buf *output)
{
	struct view text;

	for (size_t i = 0; i < output->len; i++)
		if ((unsigned char)output->data[i] < ' ' || output->data[i] == 0x7f)
			output->data[i] = ' ';
	text = view_trim(buf_view(output));
	buf_truncate(output, (size_t)(text.data != NULL ? text.data - output->data : 0) + text.len);
	buf_remove(output, 0, output->len - text.len);
}

static void
run(struct process_child *child, const struct delivery_request *request, const struct copy_envelope *envelope,
    const struct delivery_command *command, struct dsn *dsn, struct buf *output)
{
	struct buf why = BUF_INIT;
	struct process_outcome outcome;

	if (message_copy_to(request, envelope, feed, child, &why) || errno == ETIMEDOUT) {
		outcome = process_close(child);
		make_one_line(output);
		judge(outcome, command->text, buf_view(output), dsn);
	} else if (errno == EILSEQ) {
		process_abort(child);
		queue_mark_corrupt(request->fd);
		dsn_set(dsn, "4.3.0", "message content is damaged");
	} else {
		process_abort(child);
		dsn_set(dsn, "4.3.0", "cannot copy the message: %s", buf_c(&why));
	}
	if (dsn->status[0] != '2')
		put_diagnostic(dsn, buf_view(output));
	buf_fini(&why);
}

void
command_deliver(const struct delivery_request *request, const struct copy_envelope *envelope,
    const struct delivery_command *command, struct dsn *dsn, struct buf *output)
{
	msec_t deadline = clock_deadline((msec_t)command->time_limit_sec * 1000);
	struct buf why = BUF_INIT;
	struct process_child child;

	if (process_open(&child, command->spec, deadline, OUTPUT_MAX, output, &why))
		run(&child, request, envelope, command, dsn, output);
	else
		dsn_set(dsn, "4.3.0", "cannot run \"%s\": %s", command->text, buf_c(&why));
	buf_fini(&why);
}

/* -- command lines ------------------------------------------------------------------------------------------------- */

/* What a shell does by itself cannot be executed. */
static const char *const builtins[] = {
	".", ":", "alias", "bg", "break", "case", "cd", "command", "continue", "do", "done", "elif", "else", "esac", "eval",
	"exec", "exit", "export", "fg", "fi", "for", "getopts", "hash", "if", "in", "jobs", "local", "login", "newgrp", "read",
	"readonly", "return", "set", "shift", "source", "stop", "suspend", "test", "then", "times", "trap", "type", "ulimit",
	"umask", "unalias", "unset", "until", "wait", "while",
};

static bool
is_builtin(struct view word)
{
	for (size_t i = 0; i < ARRAY_COUNT(builtins); i++)
		if (view_is(word, builtins[i]))
			return true;
	return false;
}

static bool
needs_shell(struct view line)
{
	struct view rest = line, first;

	for (size_t i = 0; i < line.len; i++)
		if (!char_is(line.data[i], CHAR_ALPHA | CHAR_DIGIT) && (line.data[i] == '\0' || strchr("!@%-_=+:,./ \t", line.data[i]) == NULL))
			return true;
	return !view_word(&rest, " \t", &first) || is_builtin(first);
}

static size_t
put_words(struct arena *arena, char **argv, size_t count, struct view line, size_t room)
{
	struct view word;

	while (count < room && view_word(&line, " \t", &word))
		argv[count++] = arena_string(arena, word);
	return count;
}

char **
command_argv(struct arena *arena, const char *line, const char *shell)
{
	size_t room = strlen(line) + (shell != NULL ? strlen(shell) : 0) + 4, count;
	char **argv = arena_alloc_array(arena, room, sizeof(*argv));

	if (shell == NULL && !needs_shell(view_string(line))) {
		put_words(arena, argv, 0, view_string(line), room - 1);
		return argv;
	}
	count = put_words(arena, argv, 0, view_string(shell != NULL ? shell : "/bin/sh -c"), room - 2);
	argv[count] = arena_string(arena, view_string(line));
	return argv;
}

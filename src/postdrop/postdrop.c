/*
 * postdrop: puts a message from a local user into maildrop. Set-gid, because only the group may write there; so it
 * believes nothing: not its environment, not its options, and not one record of what it reads.
 *
 *	who may submit? -> copy what is allowed, record by record -> commit -> wake pickup
 *
 * To standard output go the queue id and the status, as NUL ended names and values.
 */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "global/client/qmgr.h"
#include "global/queue/queue_writer.h"
#include "postdrop/copy.h"
#include "postdrop/sender.h"
#include "service/command.h"
#include "util/file/file.h"
#include "util/log/log.h"

struct postdrop_config {
	struct queue_layout layout;
	long long message_size_max;
	int line_length_max;
	int trigger_timeout_sec;
	const char *pickup_service;
};

static const struct binding bindings[] = {
	BIND_LONG(struct postdrop_config, message_size_max, "message_size_limit"),
	BIND_INT(struct postdrop_config, line_length_max, "line_length_limit"),
	BIND_TIME(struct postdrop_config, trigger_timeout_sec, "trigger_timeout"),
	BIND_STRING(struct postdrop_config, pickup_service, "pickup_service_name"),
	BIND_END
};

static void
on_signal(int signal_number)
{
	queue_writer_remove_open();
	_exit(128 + signal_number);
}

static void
on_fatal(int level)
{
	queue_writer_remove_open();
}

/* What ends a process, unless it stops, informs, or cannot be caught; a write that fails is told by its result. */
static bool
ends_us(int number)
{
	static const int others[] = { SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGCHLD, SIGURG, SIGWINCH, SIGPIPE,
		SIGXFSZ };

	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		if (number == others[i])
			return false;
	return true;
}

/*
 * All of them: the user may send any, set a timer, or have a limit on his time, and no half file is to stay for it. A
 * parent that ignores a signal (nohup) means us too: then it stays ignored.
 */
static void
catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }, old;

	sigfillset(&action.sa_mask);
	for (int number = 1; number < NSIG; number++)
		if (ends_us(number) && sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(number, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	log_set_fatal_hook(on_fatal);
}

static void
require_submitter(struct config *config)
{
	if (command_user_listed(config, "authorized_submit_users"))
		return;
	log_set_fatal_status(EX_NOPERM);
	log_fatal("User %s(%ld) is not allowed to submit mail", command_user(), (long)getuid());
}

/* PD3: between the birth of a file and the moment when the handler knows its name, no signal gets through. */
static struct queue_writer *
open_unseen(const struct queue_layout *layout, struct buf *why)
{
	struct queue_writer *writer;
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	writer = queue_writer_open(layout, QUEUE_MAILDROP, 0644, why);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return writer;
}

static struct queue_writer *
open_maildrop(const struct queue_layout *layout)
{
	struct buf why = BUF_INIT;
	struct queue_writer *writer = open_unseen(layout, &why);

	if (writer == NULL) {
		int error = errno;

		log_warn("mail_queue_enter: create file %s/: %s", QUEUE_MAILDROP, strerror(error));
		log_fatal("%s", buf_c(&why));
	}
	buf_fini(&why);
	return writer;
}

static void
finish(struct queue_writer *writer, struct buf *id)
{
	struct buf why = BUF_INIT;

	buf_set(id, queue_writer_id(writer));
	switch (queue_commit(writer, NULL, &why)) {
	case QUEUE_WRITE_OK:
		break;
	case QUEUE_WRITE_TOO_BIG:
		log_set_fatal_status(EX_DATAERR);
		log_fatal("uid=%ld: message file too big", (long)getuid());
	case QUEUE_WRITE_FAILED:
		log_fatal("queue file write error: %s", buf_c(&why));
	}
	buf_fini(&why);
}

static void
wake_pickup(const struct postdrop_config *settings)
{
	struct buf path = BUF_INIT, why = BUF_INIT;

	buf_printf(&path, "public/%s", settings->pickup_service);
	if (!trigger_send(buf_c(&path), VIEW("W"), settings->trigger_timeout_sec * 1000, &why) && errno == ENOENT)
		log_warn("unable to look up %s: %s", buf_c(&path), strerror(ENOENT));
	buf_fini(&path);
	buf_fini(&why);
}

static void
report(struct view id)
{
	struct buf out = BUF_INIT;

	buf_put(&out, "queue_id", sizeof("queue_id"));
	buf_putv(&out, id);
	buf_put(&out, "\0status\0000\0", sizeof("\0status\0000\0"));
	file_write_all(STDOUT_FILENO, buf_view(&out), NULL);	/* who hung up has his mail queued all the same */
	buf_fini(&out);
}

static const char *
parse_options(int argc, char **argv)
{
	const char *directory = NULL;
	int option;

	while ((option = getopt(argc, argv, "c:rv")) != -1) {
		switch (option) {
		case 'c':
			directory = optarg;
			break;
		case 'r':
			break;
		case 'v':
			command_verbose();
			break;
		default:
			log_set_fatal_status(EX_USAGE);
			log_fatal("usage: postdrop [-c config_dir] [-v]");
		}
	}
	return directory;
}

int
main(int argc, char **argv)
{
	struct postdrop_config settings;
	struct config *config;
	struct queue_writer *writer;
	struct copy_policy policy;
	struct buf id = BUF_INIT;

	command_begin("postdrop");
	umask(022);
	log_set_fatal_status(EX_TEMPFAIL);
	catch_signals();
	config = command_config(parse_options(argc, argv));
	command_bind(config, bindings, &settings);
	command_bind(config, queue_layout_bindings, &settings.layout);
	command_enter_queue(config);
	require_submitter(config);

	policy = (struct copy_policy){ (size_t)settings.line_length_max, sender_require_allowed, config };
	writer = open_maildrop(&settings.layout);
	queue_writer_hold(writer);
	queue_writer_limit(writer, settings.message_size_max);
	copy_message(STDIN_FILENO, writer, &policy);
	finish(writer, &id);
	wake_pickup(&settings);
	report(buf_view(&id));
	buf_fini(&id);
	config_free(config);
	return EX_OK;
}

#include "sendmail/submit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "global/address/address.h"
#include "global/message/address_list.h"
#include "global/queue/envelope.h"
#include "sendmail/extract.h"
#include "sendmail/input.h"
#include "sendmail/user.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/process/process.h"
#include "util/text/chars.h"

enum { OUT_SIZE = 32 * 1024 };

struct submission {
	const struct submit_config *config;
	const struct options *options;
	const struct passwd *self;
	pid_t postdrop;
	int fd;				/* to postdrop; -1: it went away, and its exit status will say why */
	struct buf out;
	struct buf sender;
	struct view verp;		/* delimiters */
	size_t recipients;
};

/* -- postdrop ------------------------------------------------------------------------------------------------------ */

static void
start_postdrop(struct submission *s)
{
	extern char **environ;
	struct buf path = BUF_INIT, why = BUF_INIT;
	char option[] = "-r", *argv[] = { NULL, option, NULL };
	struct process_spec spec = { .argv = argv, .environment = environ, .output = -1, .error = STDERR_FILENO,
		.foreground = true };
	int ends[2];

	buf_printf(&path, "%s/postdrop", s->config->command_directory);
	argv[0] = buf_detach(&path);
	if (access(argv[0], X_OK) == -1)
		log_fatal("cannot run %s: %m", argv[0]);
	if (pipe(ends) == -1 || !fd_set_cloexec(ends[1], true))
		log_fatal("pipe: %m");
	spec.input = ends[0];
	if ((s->postdrop = process_start(&spec, &why)) == -1)
		log_fatal("cannot run %s: %s", argv[0], buf_c(&why));
	close(ends[0]);
	s->fd = ends[1];
	mem_free(argv[0]);
	buf_fini(&why);
}

/* A submission that cannot be finished: postdrop is stopped, and removes what it has. */
static void __attribute__((noreturn))
give_up(struct submission *s, const char *why)
{
	kill(s->postdrop, SIGTERM);
	if (s->fd != -1)
		close(s->fd);
	waitpid(s->postdrop, NULL, 0);
	log_fatal("%s", why);
}

static void
fail_to_write(struct submission *s, int error)
{
	struct buf why = BUF_INIT;

	if (error != EPIPE) {
		buf_printf(&why, "cannot write to postdrop: %s", strerror(error));
		give_up(s, buf_c(&why));
	}
	close(s->fd);		/* it has left, and said why */
	s->fd = -1;
}

static void
flush(struct submission *s)
{
	if (s->fd != -1 && !file_write_all(s->fd, buf_view(&s->out), NULL))
		fail_to_write(s, errno);
	buf_reset(&s->out);
}

static void
put(struct submission *s, int type, struct view data)
{
	record_put(&s->out, type, data);
	if (s->out.len >= OUT_SIZE)
		flush(s);
}

/* The status of postdrop is ours; what it said, the user has seen. */
static int
finish_postdrop(struct submission *s)
{
	int status;

	flush(s);
	if (s->fd != -1)
		close(s->fd);
	while (waitpid(s->postdrop, &status, 0) == -1)
		if (errno != EINTR)
			log_fatal("waitpid: %m");
	buf_fini(&s->out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_TEMPFAIL;
}

/* -- envelope ------------------------------------------------------------------------------------------------------ */

static void
put_attribute(struct submission *s, const char *name, struct view value)
{
	record_put_attribute(&s->out, name, value);
}

static void
put_number(struct submission *s, const char *name, int value)
{
	struct buf text = BUF_INIT;

	if (value != 0) {
		buf_putu(&text, (unsigned long long)value);
		put_attribute(s, name, buf_view(&text));
	}
	buf_fini(&text);
}

static void
put_options(struct submission *s)
{
	const struct options *options = s->options;
	struct buf wanted = BUF_INIT;

	if (options->queue_options != 0) {
		queue_options_put(&wanted, options->queue_options);
		record_put(&s->out, RECORD_SIZE, buf_view(&wanted));
	}
	buf_fini(&wanted);
	put_attribute(s, "rewrite_context", options->remote ? VIEW("remote") : VIEW("local"));
	put_attribute(s, "encoding", view_string(options->encoding));
	put_number(s, "trace_flags", options->mode == MODE_VERIFY ? TRACE_USER_VERIFY : options->verbose > 0 ? TRACE_RECORD : 0);
	put_attribute(s, "envelope_id", view_string(options->envelope_id));
	put_number(s, "ret_flags", options->ret);
}

/* The first of what looks like several addresses; the null sender when there is none. */
static void
take_first(struct buf *out, const char *text)
{
	struct arena arena = ARENA_INIT;
	struct address_list list;
	struct address_item item = { .angle = false };

	address_list_init(&list, address_list_divide(&arena, view_string(text)), 100, &arena);
	log_warn("-f option specified malformed sender: %s", text);
	if (address_list_next(&list, &item))
		buf_set(out, item.internal);
	arena_fini(&arena);
}

/* All of the text is one address, perhaps with a name in front as in a header: as a path it needs brackets around it. */
static void
parse_sender(struct buf *out, const char *text)
{
	struct view given = view_trim(view_string(text));
	struct buf path = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct address address;
	struct cursor in;

	if (view_starts(given, VIEW("<")))
		buf_putv(&path, given);
	else
		buf_printf(&path, "<%.*s>", VIEW_ARG(given));
	in = cursor_of(buf_view(&path));
	if (address_parse_path(&in, false, &arena, &address, NULL))
		address_join(out, &address);
	else
		take_first(out, text);
	arena_fini(&arena);
	buf_fini(&path);
}

static struct view
verp_delimiters(const struct submission *s)
{
	const char *text = *s->options->verp != '\0' ? s->options->verp : s->config->verp_delimiters;
	const char *allowed = s->config->verp_filter;

	if (strlen(text) != 2 || strspn(text, allowed) != 2)
		log_fatal("-XV requires two characters from %s", allowed);
	return view_string(text);
}

/* What can be wrong with the arguments is found before anything is started. */
static void
take_arguments(struct submission *s)
{
	if (s->options->sender != NULL)
		parse_sender(&s->sender, s->options->sender);
	else
		user_login(&s->sender, s->self);
	if (s->options->verp != NULL)
		s->verp = verp_delimiters(s);
}

static void
put_sender(struct submission *s)
{
	struct buf name = BUF_INIT;

	if (s->options->mode != MODE_VERIFY)
		user_full_name(&name, s->options->full_name, s->self);
	if (name.len > 0)
		put(s, RECORD_FULL_NAME, buf_view(&name));
	put(s, RECORD_SENDER, buf_view(&s->sender));
	if (!view_empty(s->verp))
		put(s, RECORD_VERP, s->verp);
	buf_fini(&name);
}

static void
put_recipient(void *arg, struct view address)
{
	struct submission *s = arg;

	put_number(s, "notify_flags", s->options->notify);
	put(s, RECORD_RECIPIENT, address);
	s->recipients++;
}

/* An argument may hold more than one address; "<>" is one, and so is "", whoever gets its mail. */
static void
put_argument(struct submission *s, const char *text)
{
	struct arena arena = ARENA_INIT;
	struct address_list list;
	struct address_item item;
	size_t before = s->recipients;

	address_list_init(&list, address_list_divide(&arena, view_string(text)), (size_t)s->config->header_token_max, &arena);
	while (address_list_next(&list, &item))
		put_recipient(s, item.internal);
	if (s->recipients == before)
		put_recipient(s, VIEW_EMPTY);
	arena_fini(&arena);
}

/* -- content ------------------------------------------------------------------------------------------------------- */

static void
put_line(void *arg, struct view line)
{
	struct submission *s = arg;
	size_t max = (size_t)s->config->line_length_max;

	for (; line.len > max; line = view_slice(line, max, line.len))
		put(s, RECORD_LONG, view_slice(line, 0, max));
	put(s, RECORD_LINE, line);
}

static bool
is_unix_from(struct view line)
{
	return view_starts(line, VIEW("From ")) || view_starts(line, VIEW(">From "));
}

static void
put_content(struct submission *s, struct extract *extract)
{
	struct input input;
	struct buf piece = BUF_INIT;
	bool whole = true, at_start = true, any = false;

	input_init(&input, STDIN_FILENO, s->config->fix_line_endings, (size_t)s->config->line_length_max);
	while (input_next(&input, &piece, &whole)) {
		if (at_start && whole && !s->options->dot_is_text && view_is(buf_view(&piece), "."))
			break;
		if (!any && at_start && whole && is_unix_from(buf_view(&piece)))
			continue;
		if (extract == NULL || !extract_piece(extract, buf_view(&piece), whole))
			put(s, whole ? RECORD_LINE : RECORD_LONG, buf_view(&piece));
		any = true;
		at_start = whole;
	}
	if (extract != NULL)
		extract_end(extract);
	buf_fini(&piece);
	input_fini(&input);
}

static void
put_extracted(struct submission *s)
{
	struct extract extract = {
		.size_max = (size_t)s->config->header_size_max, .token_max = (size_t)s->config->header_token_max,
		.emit = put_line, .arg = s,
	};

	put_content(s, &extract);
	put(s, RECORD_EXTRACTED, VIEW_EMPTY);
	extract_each(&extract, put_recipient, s);
	extract_fini(&extract);
	if (s->recipients == 0)
		give_up(s, "No recipient addresses found in message header");
}

/* With -bv there is nothing to say; the report will show it all the same. */
static void
put_probe(struct submission *s, char *const *recipients)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "From: ");
	address_quote(&line, buf_view(&s->sender));
	put(s, RECORD_LINE, buf_view(&line));
	put(s, RECORD_LINE, VIEW("Subject: probe"));
	put(s, RECORD_LINE, VIEW("To:"));
	for (; *recipients != NULL; recipients++) {
		buf_reset(&line);
		buf_printf(&line, "\t%s%s", *recipients, recipients[1] != NULL ? "," : "");
		for (size_t i = 1; i < line.len; i++)
			line.data[i] = char_is(line.data[i], CHAR_CONTROL) ? ' ' : line.data[i];
		put_line(s, buf_view(&line));
	}
	buf_fini(&line);
}

static void
put_message(struct submission *s, char *const *recipients)
{
	put(s, RECORD_CONTENT, VIEW_EMPTY);
	if (s->options->extract_recipients) {
		put_extracted(s);
		return;
	}
	if (s->options->mode == MODE_VERIFY)
		put_probe(s, recipients);
	else
		put_content(s, NULL);
	put(s, RECORD_EXTRACTED, VIEW_EMPTY);
}

int
submit(const struct submit_config *config, const struct options *options, char *const *recipients)
{
	struct submission s = { .config = config, .options = options };

	if (*recipients == NULL && !options->extract_recipients)
		log_fatal("Recipient addresses must be specified on the command line or via the -t option");
	s.self = getpwuid(getuid());
	take_arguments(&s);
	start_postdrop(&s);
	put_options(&s);
	put_sender(&s);
	for (char *const *each = recipients; *each != NULL; each++)
		put_argument(&s, *each);
	put_message(&s, recipients);
	put(&s, RECORD_END, VIEW_EMPTY);
	buf_fini(&s.sender);
	return finish_postdrop(&s);
}

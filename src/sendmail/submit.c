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
#include "util/text/encode.h"

enum { OUT_SIZE = 32 * 1024 };

struct submission {
	const struct submit_config *config;
	const struct options *options;
	pid_t postdrop;
	int fd;				/* to postdrop; -1: it went away, and its exit status will say why */
	struct buf out;
};

/* -- postdrop ------------------------------------------------------------------------------------------------------ */

static void
start_postdrop(struct submission *s)
{
	extern char **environ;
	struct buf path = BUF_INIT, why = BUF_INIT;
	char option[] = "-r", *argv[] = { NULL, option, NULL };
	struct process_spec spec = { .argv = argv, .environment = environ, .output = -1, .error = STDERR_FILENO };
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

static void
flush(struct submission *s)
{
	if (s->fd != -1 && !file_write_all(s->fd, buf_view(&s->out), NULL)) {
		close(s->fd);
		s->fd = -1;
	}
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

/* A submission that cannot be finished: postdrop sees the end of its input, and removes what it has. */
static void __attribute__((noreturn))
give_up(struct submission *s, const char *why)
{
	kill(s->postdrop, SIGTERM);
	if (s->fd != -1)
		close(s->fd);
	waitpid(s->postdrop, NULL, 0);
	log_fatal("%s", why);
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
put_envelope_id(struct submission *s, const char *xtext)
{
	struct buf id = BUF_INIT;

	if (xtext == NULL)
		return;
	if (xtext_decode(&id, view_string(xtext)))
		put_attribute(s, "envelope_id", buf_view(&id));
	else
		log_warn("bad -V option value: '%s' -- ignored", xtext);
	buf_fini(&id);
}

static void
put_options(struct submission *s)
{
	const struct options *options = s->options;

	if (options->queue_options != 0)
		record_printf(&s->out, RECORD_SIZE, "%15d %15d %15d %15d %15d %15lld", -1, -1, -1, -1, -1, options->queue_options);
	put_attribute(s, "rewrite_context", options->remote ? VIEW("remote") : VIEW("local"));
	put_attribute(s, "encoding", view_string(options->encoding));
	put_number(s, "trace_flags", options->mode == MODE_VERIFY ? TRACE_USER_VERIFY : options->verbose > 0 ? TRACE_RECORD : 0);
	put_envelope_id(s, options->envelope_id);
	put_number(s, "ret_flags", options->ret);
}

/* All of the text is one address, perhaps with a name in front as in a header: as a path it needs brackets around it. */
static void
parse_sender(struct buf *out, const char *text)
{
	struct view given = view_trim(view_string(text));
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct address address;
	struct cursor in;

	if (view_starts(given, VIEW("<")))
		buf_putv(&path, given);
	else
		buf_printf(&path, "<%.*s>", VIEW_ARG(given));
	in = cursor_of(buf_view(&path));
	if (!address_parse_path(&in, false, &arena, &address, &why))
		log_fatal("bad sender address '%s': %s", text, buf_c(&why));
	address_join(out, &address);
	arena_fini(&arena);
	buf_fini(&path);
	buf_fini(&why);
}

static struct view
verp_delimiters(const struct submission *s)
{
	const char *text = *s->options->verp != '\0' ? s->options->verp : s->config->verp_delimiters;
	const char *allowed = s->config->verp_filter;

	if (strlen(text) != 2 || strspn(text, allowed) != 2) {
		log_error("-XV requires two characters from %s", allowed);
		exit(EX_USAGE);
	}
	return view_string(text);
}

static void
put_sender(struct submission *s)
{
	struct buf sender = BUF_INIT, name = BUF_INIT;

	user_full_name(&name, s->options->full_name);
	if (name.len > 0)
		put(s, RECORD_FULL_NAME, buf_view(&name));
	if (s->options->sender != NULL)
		parse_sender(&sender, s->options->sender);
	else
		user_login(&sender);
	put(s, RECORD_SENDER, buf_view(&sender));
	if (s->options->verp != NULL)
		put(s, RECORD_VERP, verp_delimiters(s));
	buf_fini(&sender);
	buf_fini(&name);
}

static void
put_recipient(void *arg, struct view address)
{
	struct submission *s = arg;
	struct buf original = BUF_INIT;

	buf_puts(&original, "rfc822;");
	address_quote(&original, address);
	put_number(s, "notify_flags", s->options->notify);
	put_attribute(s, "dsn_orig_rcpt", buf_view(&original));
	put(s, RECORD_RECIPIENT, address);
	buf_fini(&original);
}

/* An argument may hold more than one address; "<>" is one, whoever gets its mail. */
static void
put_argument(struct submission *s, const char *text)
{
	struct arena arena = ARENA_INIT;
	struct address_list list;
	struct address_item item;

	address_list_init(&list, view_string(text), (size_t)s->config->header_token_max, &arena);
	while (address_list_next(&list, &item))
		put_recipient(s, item.internal);
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
	size_t count;

	put_content(s, &extract);
	put(s, RECORD_EXTRACTED, VIEW_EMPTY);
	count = extract_each(&extract, put_recipient, s);
	extract_fini(&extract);
	if (count == 0)
		give_up(s, "No recipient addresses found in message header");
}

int
submit(const struct submit_config *config, const struct options *options, char *const *recipients)
{
	struct submission s = { .config = config, .options = options };

	if (*recipients == NULL && !options->extract_recipients)
		log_fatal("Recipient addresses must be specified on the command line or via the -t option");
	start_postdrop(&s);
	put_options(&s);
	put_sender(&s);
	for (; *recipients != NULL; recipients++)
		put_argument(&s, *recipients);
	put(&s, RECORD_CONTENT, VIEW_EMPTY);
	if (options->extract_recipients) {
		put_extracted(&s);
	} else {
		if (options->mode == MODE_SUBMIT)
			put_content(&s, NULL);
		put(&s, RECORD_EXTRACTED, VIEW_EMPTY);
	}
	put(&s, RECORD_END, VIEW_EMPTY);
	return finish_postdrop(&s);
}

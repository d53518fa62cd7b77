/*
 * postsuper: the superuser's hand in the queue: delete, hold, release, requeue and expire messages, remove what was never
 * finished, and put files in their right places.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/queue/queue_scan.h"
#include "postsuper/postsuper.h"
#include "service/command.h"
#include "util/base/arena.h"
#include "util/log/log.h"
#include "util/process/process.h"

enum { QUEUES_MAX = 16, ROUNDS = 3, ID_MIN = 6 };

/* In this order of options they are done, too. */
static const struct action {
	char option;
	message_action *act;
	const char *done;			/* "Deleted: 3 messages" */
	const char *queues[QUEUES_MAX];		/* when none is named */
} actions[] = {
	{ 'd', message_delete, "Deleted", { QUEUE_MAILDROP, QUEUE_HOLD, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED } },
	{ 'e', message_expire, "Force-expired", { QUEUE_HOLD, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED } },
	{ 'f', message_expire_release, "Force-expired", { QUEUE_HOLD, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED } },
	{ 'h', message_hold, "Placed on hold", { QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED } },
	{ 'H', message_release, "Released from hold", { QUEUE_HOLD } },
	{ 'r', message_requeue, "Requeued", { QUEUE_HOLD, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED } },
};

static const char *const all_queues[] = {
	QUEUE_HOLD, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED, QUEUE_MAILDROP, QUEUE_BOUNCE, QUEUE_DEFER, QUEUE_TRACE,
	QUEUE_FLUSH, QUEUE_CORRUPT, "saved", NULL,
};

enum { IDS_MAX = 1000 };

struct request {
	const char *directory;
	struct { const struct action *action; const char *id; } messages[IDS_MAX];
	size_t message_count;
	bool structure, strict, purge;
	const char *const *queues;		/* NULL: the defaults */
};

struct run {
	const struct queue_layout *layout;
	const char *const *queues;
	size_t done[ARRAY_COUNT(actions)];
	bool asked[ARRAY_COUNT(actions)];		/* to be told of, however many it were */
};

/* -- messages ------------------------------------------------------------------------------------------------------ */

static const char *const *
queues_of(const struct run *run, const struct action *action)
{
	return run->queues != NULL ? run->queues : action->queues;
}

/* While we look, the message may wander from queue to queue: so look again. */
static void
act_on_id(struct run *run, const struct action *action, struct view id)
{
	const char *const *queues = queues_of(run, action);

	if (!queue_id_valid(id) || id.len < ID_MIN) {
		log_warn("invalid mail queue id: %.*s", VIEW_ARG(id));
		return;
	}
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; queues[i] != NULL; i++)
			if (action->act(run->layout, queues[i], id)) {
				run->done[action - actions]++;
				return;
			}
}

struct id_list {
	struct id_list *next;
	struct view id;
};

static void
act_on_queue(struct run *run, const struct action *action, const char *queue)
{
	struct queue_scan *scan = queue_scan_open(queue);
	struct arena arena = ARENA_INIT;
	struct id_list *ids = NULL, *item;
	struct view id, path;

	while (queue_scan_next(scan, &id, &path)) {
		item = arena_alloc(&arena, sizeof(*item));
		*item = (struct id_list){ ids, arena_view(&arena, id) };
		ids = item;
	}
	queue_scan_close(scan);
	for (item = ids; item != NULL; item = item->next)
		run->done[action - actions] += action->act(run->layout, queue, item->id);
	arena_fini(&arena);
}

static void
act_on_all(struct run *run, const struct action *action)
{
	const char *const *queues = queues_of(run, action);

	for (size_t i = 0; queues[i] != NULL; i++)
		act_on_queue(run, action, queues[i]);
}

/* A line is an id and nothing else: part of a listing, or of a line that is too long, names no message. */
static void
act_on_input(struct run *run, const struct action *action)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, stdin)) != -1) {
		if (len > 0 && line[len - 1] == '\n')
			len--;
		if (len > 0)
			act_on_id(run, action, view_bytes(line, (size_t)len));
	}
	if (ferror(stdin))
		log_fatal("read from standard input: %m");
	free(line);
}

static void
act(struct run *run, const struct action *action, const char *id)
{
	if (strcmp(id, "-") == 0)
		act_on_input(run, action);
	else if (strcmp(id, "ALL") == 0)
		act_on_all(run, action);
	else
		act_on_id(run, action, view_string(id));
}

/* -- all of it ----------------------------------------------------------------------------------------------------- */

static void
check_structure(const struct run *run, bool strict)
{
	const char *const *queues = run->queues != NULL ? run->queues : all_queues;

	for (size_t i = 0; queues[i] != NULL; i++)
		repair_structure(run->layout, queues[i], strict);
	for (size_t i = 0; queues[i] != NULL; i++)
		finish_renames(queues[i]);
}

static void
purge(const struct run *run)
{
	const char *const *queues = run->queues != NULL ? run->queues : all_queues;
	size_t count = 0;

	for (size_t i = 0; queues[i] != NULL; i++)
		count += purge_stale(queues[i]);
	if (count > 0)
		log_info("Removed: %zu stale file%s", count, count == 1 ? "" : "s");
}

static void
report(const struct run *run)
{
	for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
		if (run->asked[i])
			log_info("%s: %zu message%s", actions[i].done, run->done[i], run->done[i] == 1 ? "" : "s");
}

static void
do_request(const struct request *request, const struct queue_layout *layout)
{
	struct run run = { .layout = layout, .queues = request->queues };

	for (size_t i = 0; i < request->message_count; i++) {
		run.asked[request->messages[i].action - actions] = true;
		act(&run, request->messages[i].action, request->messages[i].id);
	}
	if (request->purge)
		purge(&run);
	if (request->structure)
		check_structure(&run, request->strict);
	report(&run);
}

/* -- command line -------------------------------------------------------------------------------------------------- */

static void __attribute__((noreturn))
usage(void)
{
	log_fatal("usage: postsuper [-psSv] [-c config_dir] [-d|-e|-f|-h|-H|-r queue_id]... [queue]...");
}

static void
add_message(struct request *request, int option, const char *id)
{
	const struct action *action = actions;

	while (action->option != option)
		if (++action == actions + ARRAY_COUNT(actions))
			usage();
	if (request->message_count == IDS_MAX)
		log_fatal("more than %d queue ids: use \"-\" and standard input", IDS_MAX);
	request->messages[request->message_count].action = action;
	request->messages[request->message_count++].id = id;
}

static void
check_queue_names(const char *const *queues)
{
	for (; *queues != NULL; queues++) {
		const char *const *known = all_queues;

		while (*known != NULL && strcmp(*known, *queues) != 0)
			known++;
		if (*known == NULL)
			log_fatal("invalid queue name: %s", *queues);
	}
}

static void
parse_options(int argc, char **argv, struct request *request)
{
	int option;

	while ((option = getopt(argc, argv, "c:d:e:f:h:H:pr:sSv")) != -1) {
		switch (option) {
		case 'c': request->directory = optarg; break;
		case 'p': request->purge = true; break;
		case 'S': request->strict = true; /* fall through */
		case 's': request->structure = true; break;
		case 'v': command_verbose(); break;
		case '?': usage();
		default: add_message(request, option, optarg);
		}
	}
	if (request->message_count == 0 && !request->structure && !request->purge)
		request->structure = request->purge = true;
	request->queues = optind < argc ? (const char *const *)argv + optind : NULL;
	if (request->queues != NULL)
		check_queue_names(request->queues);
}

/* What we make must belong to the mail system. In an unprivileged instance we are it already. */
static void
become_mail_owner(struct config *config)
{
	struct buf why = BUF_INIT;
	const char *owner = config_string(config, "mail_owner", &why);
	struct identity identity;

	if (owner == NULL)
		log_fatal("%s", buf_c(&why));
	if (!identity_of_user(owner, &identity))
		log_fatal("mail_owner: no such user: %s", owner);
	identity_become(&identity);
	identity_fini(&identity);
	buf_fini(&why);
}

static void
require_superuser(struct config *config)
{
	struct stat st;

	if (getuid() == 0)
		become_mail_owner(config);
	else if (stat(QUEUE_INCOMING, &st) == -1 || st.st_uid != getuid())
		log_fatal("use of this command is reserved for the superuser");
}

int
main(int argc, char **argv)
{
	static struct request request;
	struct queue_layout layout;
	struct config *config;

	command_begin("postsuper");
	parse_options(argc, argv, &request);
	config = command_config(request.directory);
	command_bind(config, queue_layout_bindings, &layout);
	command_enter_queue(config);
	require_superuser(config);
	do_request(&request, &layout);
	config_free(config);
	return 0;
}

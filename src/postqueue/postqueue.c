/*
 * postqueue: what users may see of the queue and ask of it. Set-gid, so that it reaches the sockets in public/; it touches
 * no queue file, except for the superuser when no daemon runs.
 */
#include <signal.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "global/address/address.h"
#include "global/client/flush.h"
#include "global/client/qmgr.h"
#include "postqueue/show.h"
#include "service/command.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"
#include "util/net/stream.h"
#include "util/process/process.h"

struct postqueue_config {
	struct queue_layout layout;
	const char *showq_service, *queue_service, *flush_service, *empty_address;
	int trigger_timeout_sec, ipc_timeout_sec;
};

static const struct binding bindings[] = {
	BIND_STRING(struct postqueue_config, showq_service, "showq_service_name"),
	BIND_STRING(struct postqueue_config, queue_service, "queue_service_name"),
	BIND_STRING(struct postqueue_config, flush_service, "flush_service_name"),
	BIND_STRING(struct postqueue_config, empty_address, "empty_address_recipient"),
	BIND_TIME(struct postqueue_config, trigger_timeout_sec, "trigger_timeout"),
	BIND_TIME(struct postqueue_config, ipc_timeout_sec, "ipc_timeout"),
	BIND_END
};

enum action { NONE, SHOW, SHOW_AS_JSON, FLUSH, FLUSH_SITE, FLUSH_MESSAGE };

struct request {
	enum action action;
	const char *directory, *id, *site;
};

static void __attribute__((noreturn))
usage(void)
{
	log_set_fatal_status(EX_USAGE);
	log_fatal("usage: postqueue -f | postqueue -i queueid | postqueue -j | postqueue -p | postqueue -s site");
}

static bool
is_mail_owner(struct config *config)
{
	const char *name = config_string(config, "mail_owner", NULL);
	struct identity owner;
	bool is = false;

	if (name != NULL && identity_of_user(name, &owner)) {
		is = owner.uid == getuid();
		identity_fini(&owner);
	}
	return is;
}

static void
require_listed(struct config *config, const char *parameter, const char *what)
{
	if (!command_is_privileged() || is_mail_owner(config) || command_user_listed(config, parameter))
		return;
	log_set_fatal_status(EX_NOPERM);
	log_fatal("User %s(%ld) is not allowed to %s", command_user(), (long)getuid(), what);
}

/* -- listing ------------------------------------------------------------------------------------------------------- */

static bool
show_record(void *arg, struct view record)
{
	struct arena arena = ARENA_INIT;
	struct listing_message message;
	bool good = listing_parse(record, &arena, &message);

	if (good)
		show_message(arg, &message);
	else
		log_warn("malformed record in the queue listing");
	arena_fini(&arena);
	return good;
}

/*
 * Gathers one record: attributes up to an empty name. False at the end of the listing, which is a record without any
 * attribute, or when the server falls silent.
 */
static bool
read_record(struct stream *stream, struct buf *record)
{
	enum { RECORD_MAX = 64 * 1024 * 1024 };
	bool in_name = true;
	size_t start = 0;
	char c;

	buf_reset(record);
	for (;;) {
		if (stream_exact(stream, &c, 1) != STREAM_OK || record->len >= RECORD_MAX) {
			log_set_fatal_status(EX_UNAVAILABLE);
			log_fatal("malformed or incomplete reply of the queue listing service");
		}
		buf_putc(record, c);
		if (c != '\0')
			continue;
		if (in_name && record->len == start + 1)
			return start > 0;
		in_name = !in_name;
		start = record->len;
	}
}

static void
show_from_service(const struct postqueue_config *config, int fd, struct show *show)
{
	struct stream *stream = stream_new_socket(fd);
	struct buf record = BUF_INIT;

	stream_set_timeout(stream, (msec_t)config->ipc_timeout_sec * 1000);
	if (!read_record(stream, &record) ||
	    !view_starts(buf_view(&record), VIEW("protocol\0mail_queue_list_protocol\0"))) {
		log_set_fatal_status(EX_SOFTWARE);
		log_fatal("unexpected protocol of the queue listing service");
	}
	while (read_record(stream, &record) && show_record(show, buf_view(&record)))
		;
	stream_free(stream);
	buf_fini(&record);
}

/* Whose queue is it? Without daemons only root, or the owner of an unprivileged instance, may read it. */
static bool
owns_queue(void)
{
	struct stat st;

	return getuid() == 0 || (stat(QUEUE_INCOMING, &st) == 0 && st.st_uid == getuid());
}

static void
show_queue(const struct postqueue_config *config, enum show_style style)
{
	struct show show = { .style = style, .long_ids = config->layout.long_ids };
	struct buf path = BUF_INIT, why = BUF_INIT;
	int fd;

	buf_printf(&path, "public/%s", config->showq_service);
	if ((fd = unix_connect(buf_c(&path), clock_deadline((msec_t)config->trigger_timeout_sec * 1000), &why)) != -1) {
		show_from_service(config, fd, &show);
	} else if (owns_queue()) {
		log_warn("Mail system is down -- accessing queue directly (%s)", buf_c(&why));
		listing_walk(&config->layout, config->empty_address, show_record, &show);
	} else {
		log_set_fatal_status(EX_UNAVAILABLE);
		log_fatal("Queue report unavailable - mail system is down");
	}
	show_end(&show);
	buf_fini(&path);
	buf_fini(&why);
}

/* -- flushing ------------------------------------------------------------------------------------------------------ */

static void
ask_qmgr(const struct postqueue_config *config, struct view requests)
{
	struct buf path = BUF_INIT, why = BUF_INIT;

	buf_printf(&path, "public/%s", config->queue_service);
	if (!trigger_send(buf_c(&path), requests, (msec_t)config->trigger_timeout_sec * 1000, &why)) {
		log_set_fatal_status(EX_UNAVAILABLE);
		log_fatal("Cannot flush mail queue - mail system is down: %s", buf_c(&why));
	}
	buf_fini(&path);
	buf_fini(&why);
}

static void __attribute__((noreturn))
refuse(int status, const char *text, const char *name)
{
	log_set_fatal_status(status);
	log_fatal("%s \"%s\"", text, name);
}

static void
flush_a_site(const struct postqueue_config *config, const char *site)
{
	struct buf path = BUF_INIT;
	enum flush_status status;

	buf_printf(&path, "public/%s", config->flush_service);
	status = flush_site(buf_c(&path), view_string(site), (msec_t)config->ipc_timeout_sec * 1000);
	buf_fini(&path);
	if (status == FLUSH_UNSERVED)
		refuse(EX_USAGE, "Flush service is not configured for destination", site);
	if (status != FLUSH_OK)
		refuse(EX_UNAVAILABLE, "Cannot flush mail queue - mail system is down: destination", site);
}

static void
flush_a_message(const struct postqueue_config *config, const char *id)
{
	struct buf path = BUF_INIT;
	enum flush_status status;

	buf_printf(&path, "public/%s", config->flush_service);
	status = flush_message(buf_c(&path), view_string(id), (msec_t)config->ipc_timeout_sec * 1000);
	buf_fini(&path);
	if (status == FLUSH_UNSERVED)
		log_warn("%s: not in the deferred queue", id);
	else if (status != FLUSH_OK)
		refuse(EX_UNAVAILABLE, "Cannot flush mail queue - mail system is down: message", id);
}

/* -- command line -------------------------------------------------------------------------------------------------- */

static void
set_action(struct request *request, enum action action)
{
	if (request->action != NONE)
		usage();
	request->action = action;
}

static void
parse_options(int argc, char **argv, struct request *request)
{
	int option;

	while ((option = getopt(argc, argv, "c:fi:jps:v")) != -1) {
		switch (option) {
		case 'c': request->directory = optarg; break;
		case 'f': set_action(request, FLUSH); break;
		case 'i': set_action(request, FLUSH_MESSAGE); request->id = optarg; break;
		case 'j': set_action(request, SHOW_AS_JSON); break;
		case 'p': set_action(request, SHOW); break;
		case 's': set_action(request, FLUSH_SITE); request->site = optarg; break;
		case 'v': command_verbose(); break;
		default: usage();
		}
	}
	if (request->action == NONE || optind < argc)
		usage();
	if (request->id != NULL && !queue_id_valid(view_string(request->id)))
		refuse(EX_USAGE, "Cannot flush queue ID - invalid name:", request->id);
	if (request->site != NULL && !domain_valid_mail(view_string(request->site)))
		refuse(EX_USAGE, "Cannot flush mail queue - invalid destination:", request->site);
}

static void
do_request(const struct request *request, const struct postqueue_config *settings, struct config *config)
{
	switch (request->action) {
	case SHOW:
	case SHOW_AS_JSON:
		require_listed(config, "authorized_mailq_users", "view the mail queue");
		show_queue(settings, request->action == SHOW ? SHOW_TEXT : SHOW_JSON);
		break;
	case FLUSH:
		require_listed(config, "authorized_flush_users", "flush the mail queue");
		ask_qmgr(settings, VIEW("FDA"));
		break;
	case FLUSH_MESSAGE:
		require_listed(config, "authorized_flush_users", "flush the mail queue");
		flush_a_message(settings, request->id);
		break;
	case FLUSH_SITE:
		require_listed(config, "authorized_flush_users", "flush the mail queue");
		flush_a_site(settings, request->site);
		break;
	case NONE:
		usage();
	}
}

int
main(int argc, char **argv)
{
	struct postqueue_config settings;
	struct request request = { 0 };
	struct config *config;

	command_begin("postqueue");
	signal(SIGPIPE, SIG_DFL);
	log_set_fatal_status(EX_UNAVAILABLE);
	parse_options(argc, argv, &request);
	config = command_config(request.directory);
	command_bind(config, bindings, &settings);
	command_bind(config, queue_layout_bindings, &settings.layout);
	command_enter_queue(config);
	do_request(&request, &settings, config);
	config_free(config);
	return EX_OK;
}

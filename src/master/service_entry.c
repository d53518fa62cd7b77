#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "master/child.h"
#include "master/listen.h"
#include "master/service_entry.h"
#include "master/status.h"
#include "master/wakeup.h"
#include "service/master_protocol.h"
#include "util/log/log.h"

enum { SANDBOX_DEATHS_MAX = 3, SANDBOX_WARN_MS = 300 * 1000 };

#define STRESS_MS	(1000 * 1000)	/* how long stress lasts, and the least time between two warnings */

static void
free_arguments(char **arguments)
{
	for (char **arg = arguments; arg != NULL && *arg != NULL; arg++)
		mem_free(*arg);
	mem_free(arguments);
}

static char **
copy_arguments(const struct master_entry *line)
{
	char **arguments = mem_new_array((size_t)line->argc + 1, sizeof(*arguments));

	for (int i = 1; i < line->argc; i++)
		arguments[i - 1] = mem_string(line->argv[i]);
	return arguments;
}

static char *
program_path(const struct supervisor *master, const struct master_entry *line)
{
	struct buf path = BUF_INIT;

	if (line->command[0] != '/')
		buf_printf(&path, "%s/", master->settings.daemon_directory);
	buf_puts(&path, line->command);
	return buf_detach(&path);
}

struct service_entry *
service_entry_new(struct supervisor *master, const struct master_entry *line, struct buf *why)
{
	struct service_entry *service = mem_new(sizeof(*service));

	service->master = master;
	service->type = line->type;
	service->name = mem_string(line->name);
	service->program = program_path(master, line);
	service->arguments = copy_arguments(line);
	service->unprivileged = line->unprivileged;
	service->chroot = line->chroot;
	service->limit = line->process_limit >= 0 ? line->process_limit : master->settings.process_limit;
	service->wakeup_sec = line->wakeup_sec;
	service->wakeup_if_used = line->wakeup_if_used;
	service->memo = service->limit == 1 ? shared_page_make("memo") : -1;	/* who gets none works without */
	service->status[0] = service->status[1] = service->pool_fd = -1;
	list_init(&service->children);
	if ((service->endpoint = listen_endpoint(service, line, why)) == NULL) {
		service_entry_free(service);
		return NULL;
	}
	return service;
}

void
service_entry_free(struct service_entry *service)
{
	loop_timer_stop(&service->throttle_timer);
	loop_timer_stop(&service->wakeup_timer);
	status_close(service);
	listen_close(service);
	if (service->memo != -1)
		close(service->memo);
	free_arguments(service->arguments);
	mem_free(service->program);
	mem_free(service->endpoint);
	mem_free(service->name);
	mem_free(service);
}

void
service_entry_remove(struct service_entry *service)
{
	list_remove(&service->link);
	service->removed = true;
	loop_timer_stop(&service->throttle_timer);
	loop_timer_stop(&service->wakeup_timer);
	listen_close(service);
	if (service->total == 0)
		service_entry_free(service);
	else
		child_kill_all(service, SIGTERM);
}

void
service_entry_replace(struct service_entry *service, struct service_entry *fresh)
{
	struct service_entry old = *service;

	service->program = fresh->program;
	service->arguments = fresh->arguments;
	service->unprivileged = fresh->unprivileged;
	service->chroot = fresh->chroot;
	service->name = fresh->name;
	service->limit = fresh->limit;
	service->sandbox_deaths = 0;
	service->sandbox_eased = false;
	service->wakeup_sec = fresh->wakeup_sec;
	service->wakeup_if_used = fresh->wakeup_if_used && !loop_timer_running(&service->wakeup_timer);
	if (service->memo == -1) {
		service->memo = fresh->memo;
		fresh->memo = -1;
	}
	fresh->program = old.program;
	fresh->arguments = old.arguments;
	fresh->name = old.name;
	service_entry_free(fresh);
}

bool
service_entry_adapts(const struct service_entry *service)
{
	return service->type == MASTER_INET && service->remote && service->limit > 1;
}

bool
service_entry_has_room(const struct service_entry *service)
{
	return service->limit == 0 || service->total < service->limit;
}

static bool
anybody_idle(const struct service_entry *service)
{
	return service->pool != NULL && pool_anybody_idle(service->pool);
}

/* Two processes that became idle at once do not tell: then he is theirs. */
static void
client_waits(int fd, int what, void *arg)
{
	struct listener *listener = arg;

	if (anybody_idle(listener->service)) {
		service_entry_watch(listener->service);
		return;
	}
	child_start(listener->service);
	wakeup_first_use(listener->service);
}

void
service_entry_watch(struct service_entry *service)
{
	bool want = !anybody_idle(service) && !service->throttled && !service->master->stopping &&
	    service_entry_has_room(service);

	for (size_t i = 0; i < service->listener_count; i++) {
		struct listener *listener = &service->listeners[i];

		if (want)
			loop_io_start(service->master->loop, &listener->io, listener->fd, LOOP_READ, client_waits,
			    listener);
		else
			loop_io_stop(&listener->io);
	}
}

static bool
has_client(const struct service_entry *service)
{
	for (size_t i = 0; i < service->listener_count; i++) {
		struct pollfd listener = { service->listeners[i].fd, POLLIN, 0 };

		if (poll(&listener, 1, 0) == 1)
			return true;
	}
	return false;
}

void
service_entry_look_for_client(struct service_entry *service)
{
	if (anybody_idle(service) && !service->throttled && !service->master->stopping && service_entry_has_room(service) &&
	    has_client(service))
		child_start(service);
}

static void
unthrottle(void *arg)
{
	struct service_entry *service = arg;

	service->throttled = false;
	service_entry_watch(service);
}

void
service_entry_throttle(struct service_entry *service)
{
	if (service->throttled)
		return;
	service->throttled = true;
	loop_timer_start(service->master->loop, &service->throttle_timer,
	    (msec_t)service->master->settings.throttle_sec * 1000, unthrottle, service);
	service_entry_watch(service);
}

void
service_entry_retire(struct service_entry *service)
{
	status_close(service);
	LIST_FOREACH(child, &service->children, struct child, link)
		child->place = -1;
	status_open(service);
}

bool
service_entry_stressed(const struct service_entry *service)
{
	return service->stress_until != 0 && clock_now() < service->stress_until;
}

static void
warn_limit(struct service_entry *service)
{
	if (service->warn_after != 0 && clock_now() < service->warn_after)
		return;
	service->warn_after = clock_now() + STRESS_MS;
	log_warn("service \"%s\" (%s) has reached its process limit \"%d\": new clients may experience noticeable delays",
	    service->name, listen_place(service), service->limit);
	log_warn("to avoid this condition, raise the process limit of the service in master.cf, or make it spend less "
	    "time per client");
	log_warn("settings that depend on $stress in main.cf let a service adapt by itself, see postconf(5)");
}

/* The processes of a service that adapts start anew and learn that times are hard. */
void
service_entry_reached_limit(struct service_entry *service)
{
	warn_limit(service);
	if (!service_entry_adapts(service))
		return;
	if (!service_entry_stressed(service))
		service_entry_retire(service);
	service->stress_until = clock_now() + STRESS_MS;
}

bool
service_entry_eased(const struct service_entry *service)
{
	return service->sandbox_eased;
}

/*
 * Three in a row: a strict sandbox is eased to the usual one. That one is never turned off: whoever could make it kill
 * would be free of it. The service rests instead, unless its processes serve before they die.
 */
void
service_entry_sandbox_killed(struct service_entry *service, bool served)
{
	bool again = ++service->sandbox_deaths >= SANDBOX_DEATHS_MAX;

	if (again && !service->sandbox_eased && strcmp(service->master->settings.sandbox, "strict") == 0) {
		service->sandbox_eased = true;
		service->sandbox_deaths = 0;
	} else if (again && !served) {
		service_entry_throttle(service);
	}
	if (again || service->sandbox_eased)
		service_entry_warn_sandbox(service);
}

void
service_entry_sandbox_works(struct service_entry *service)
{
	service->sandbox_deaths = 0;
}

void
service_entry_warn_sandbox(struct service_entry *service)
{
	if (service->sandbox_warn_after != 0 && clock_now() < service->sandbox_warn_after)
		return;
	service->sandbox_warn_after = clock_now() + SANDBOX_WARN_MS;
	log_warn("service \"%s\" (%s)%s: its sandbox killed %d processes in a row; please report this", service->name,
	    service->program, service->sandbox_eased ? " runs with sandbox = yes until the next reload" : "",
	    SANDBOX_DEATHS_MAX);
}

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "global/maillog/postlog_sink.h"
#include "master/arguments.h"
#include "master/child.h"
#include "master/status.h"
#include "master/wakeup.h"
#include "service/master_protocol.h"
#include "util/log/log.h"

/* -- the table of children: by pid, records are used again ---------------------------------------------------------- */

static struct view
pid_key(const pid_t *pid)
{
	return view_bytes(pid, sizeof(*pid));
}

struct child *
child_find(struct supervisor *master, pid_t pid)
{
	return hash_get(master->children, pid_key(&pid));
}

size_t
child_count(const struct supervisor *master)
{
	return hash_count(master->children);
}

static struct child *
take_spare(struct supervisor *master)
{
	struct child *child = LIST_FIRST(&master->spare_children, struct child, link);

	if (child == NULL)
		return mem_new(sizeof(*child));
	list_remove(&child->link);
	memset(child, 0, sizeof(*child));
	return child;
}

static void
enter(struct service_entry *service, pid_t pid, uint32_t generation, int place)
{
	struct child *child = take_spare(service->master);

	child->service = service;
	child->pid = pid;
	child->generation = generation;
	list_append(&service->children, &child->link);
	hash_put(service->master->children, pid_key(&child->pid), child);
	service->total++;
	child->place = place;
}

static void
leave(struct child *child)
{
	struct service_entry *service = child->service;

	if (child->place != -1)
		pool_leave(service->pool, child->place);
	service->total--;
	hash_remove(service->master->children, pid_key(&child->pid));
	list_remove(&child->link);
	list_append(&service->master->spare_children, &child->link);
}

/* -- between fork and exec ------------------------------------------------------------------------------------------ */

/*
 * Lays the descriptors down at 3, 4, 5, … in their order. All are lifted above the target range first, so that none
 * is overwritten before its turn.
 */
static void
place_descriptors(int *fds, int count)
{
	for (int i = 0; i < count; i++)
		if ((fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, MASTER_FLOW_READ_FD + count)) == -1)
			log_fatal("master_spawn: duplicate descriptor: %s", strerror(errno));
	for (int i = 0; i < count; i++)
		if (dup2(fds[i], MASTER_FLOW_READ_FD + i) == -1)
			log_fatal("master_spawn: place descriptor: %s", strerror(errno));
}

/* A descriptor that a child finds by a variable; the next one in the list. */
static int
name_descriptor(const char *variable, const char *prefix, int fd, int *fds, int count)
{
	struct buf text = BUF_INIT;

	if (fd == -1)
		return count;
	fds[count] = fd;
	buf_printf(&text, "%s%d", prefix, MASTER_FLOW_READ_FD + count);
	setenv(variable, buf_c(&text), 1);
	buf_fini(&text);
	return count + 1;
}

static void
pass_descriptors(const struct service_entry *service, int place)
{
	const struct supervisor *master = service->master;
	int count = 0, *fds = mem_new_array(service->listener_count + 6, sizeof(*fds));
	struct buf version = BUF_INIT, at = BUF_INIT;

	fds[count++] = master->flow[0];
	fds[count++] = master->flow[1];
	fds[count++] = service->status[1];
	for (size_t i = 0; i < service->listener_count; i++)
		fds[count++] = service->listeners[i].fd;
	buf_printf(&version, "%d:", SNAPSHOT_VERSION);
	count = name_descriptor(MASTER_SNAPSHOT_ENV, buf_c(&version), master->snapshot, fds, count);
	count = name_descriptor(MASTER_MEMO_ENV, "", service->memo, fds, count);
	buf_printf(&at, "%d:", place);
	if (place != -1 && service->limit != 1)
		count = name_descriptor(MASTER_POOL_ENV, buf_c(&at), service->pool_fd, fds, count);
	place_descriptors(fds, count);
}

/* postlogd writes to the standard output that master was started with; nobody else sees it. */
static void
pass_console(const struct service_entry *service)
{
	const struct supervisor *master = service->master;

	if (master->console != -1 && service->type == MASTER_UNIX_DGRAM &&
	    strcmp(service->name, master->settings.postlog_service) == 0)
		dup2(master->console, STDOUT_FILENO);
}

static void
restore_signals(void)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		if (signal_number != SIGKILL && signal_number != SIGSTOP)
			signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn))
become_service(const struct service_entry *service, uint32_t generation, int place)
{
	struct buf text = BUF_INIT;

	maillog_forked();
	restore_signals();
	buf_printf(&text, "%o", generation);
	setenv(MASTER_GENERATION_ENV, buf_c(&text), 1);
	pass_console(service);
	pass_descriptors(service, place);
	execv(service->program, arguments_make(service));
	log_fatal("master_spawn: exec %s: %s", service->program, strerror(errno));
}

/* -- start and end -------------------------------------------------------------------------------------------------- */

void
child_start(struct service_entry *service)
{
	uint32_t generation = ++service->master->generation;
	int place;
	pid_t pid;

	if (service_entry_eased(service))
		service_entry_warn_sandbox(service);
	if (service->limit > 1 && service->total + 1 == service->limit)
		service_entry_reached_limit(service);	/* first: the last process shall know of the stress */
	place = pool_join(service->pool);	/* idle until it took the client that made us start it */
	if ((pid = fork()) == -1) {
		log_warn("fork for %s: %s -- throttling", service->program, strerror(errno));
		if (place != -1)
			pool_leave(service->pool, place);
		service_entry_throttle(service);
		return;
	}
	if (pid == 0)
		become_service(service, generation, place);
	enter(service, pid, generation, place);
	service_entry_watch(service);
}

static void
log_end(const struct child *child, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		log_warn("process %s pid %d exit status %d", child->service->program, (int)child->pid,
		    WEXITSTATUS(status));
	if (WIFSIGNALED(status))
		log_warn("process %s pid %d killed by signal %d", child->service->program, (int)child->pid,
		    WTERMSIG(status));
}

/* Whoever runs without a sandbox and dies so has done it himself. */
static bool
is_sandbox_death(const struct child *child, int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS &&
	    strcmp(child->service->master->settings.sandbox, "no") != 0;
}

static void
judge(const struct child *child, int status)
{
	log_end(child, status);
	if (status == 0)
		service_entry_sandbox_works(child->service);
	if (is_sandbox_death(child, status)) {
		service_entry_sandbox_killed(child->service, child->served);
		return;
	}
	if (status == 0 || child->served)
		return;
	log_warn("%s: bad command startup -- throttling", child->service->program);
	service_entry_throttle(child->service);
}

/* The wake-up that came with a reload may have gone to a process that was about to leave. */
static void
wake_successor(struct service_entry *service, uint32_t generation)
{
	if (generation <= service->master->reloaded && service->total == 0 && !service->master->stopping)
		wakeup_init(service);
}

static void
ended(struct child *child, int status)
{
	struct service_entry *service = child->service;
	uint32_t generation = child->generation;

	status_take(service);		/* its SERVED may still be in the pipe */
	if (!service->master->stopping && !service->removed)
		judge(child, status);
	leave(child);
	if (service->removed && service->total == 0) {
		service_entry_free(service);
	} else {
		service_entry_watch(service);
		if (status != 0)
			service_entry_look_for_client(service);
		wake_successor(service, generation);
	}
}

/* Unknown ones are orphans that fell to us as process 1. */
void
child_reap_all(struct supervisor *master)
{
	struct child *child;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if ((child = child_find(master, pid)) != NULL)
			ended(child, status);
}

void
child_kill_all(struct service_entry *service, int signal_number)
{
	LIST_FOREACH(child, &service->children, struct child, link)
		kill(child->pid, signal_number);
}

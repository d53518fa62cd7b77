#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "master/child.h"
#include "master/status.h"
#include "service/master_protocol.h"
#include "util/log/log.h"

#define NOTES_AT_ONCE	64

/* A note of a process that had this pid before, or of none of ours, says nothing. */
static void
take_note(struct service_entry *service, const struct master_note *note)
{
	struct child *child = child_find(service->master, (pid_t)note->pid);

	if (child == NULL || child->service != service || child->generation != note->generation)
		return;
	switch (note->state) {
	case MASTER_NOTE_BUSY:
	case MASTER_NOTE_IDLE:		/* the pool says more */
		break;
	case MASTER_NOTE_SERVED:
		child->served = true;
		break;
	default:
		log_warn("process %s pid %u sent an unknown status: %u", service->program, note->pid, note->state);
	}
}

static bool
read_notes(struct service_entry *service)
{
	struct master_note notes[NOTES_AT_ONCE];
	ssize_t n = read(service->status[0], notes, sizeof(notes));

	if (n == -1 && errno != EAGAIN && errno != EINTR)
		log_warn("read status pipe of service \"%s\": %s", service->name, strerror(errno));
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(notes[0]); i++)
		take_note(service, &notes[i]);
	return n > 0;
}

void
status_take(struct service_entry *service)
{
	while (service->status[0] != -1 && read_notes(service))
		continue;
}

static void
notes_came(int fd, int what, void *arg)
{
	struct service_entry *service = arg;

	read_notes(service);
	service_entry_watch(service);
}

void
status_open(struct service_entry *service)
{
	if (pipe2(service->status, O_CLOEXEC | O_NONBLOCK) == -1)
		log_fatal("make status pipe of service \"%s\": %s", service->name, strerror(errno));
	service->pool_fd = shared_page_make("pool");
	if (service->pool_fd == -1 || (service->pool = shared_page_map(service->pool_fd)) == NULL)
		log_fatal("make memory for the processes of service \"%s\": %s", service->name, strerror(errno));
	loop_io_start(service->master->loop, &service->status_io, service->status[0], LOOP_READ, notes_came, service);
}

void
status_close(struct service_entry *service)
{
	if (service->status[0] == -1)
		return;
	status_take(service);		/* a SERVED that waits here must not be lost */
	loop_io_stop(&service->status_io);
	close(service->status[0]);
	close(service->status[1]);
	shared_page_unmap(service->pool);
	service->pool = NULL;
	close(service->pool_fd);
	service->status[0] = service->status[1] = service->pool_fd = -1;
}

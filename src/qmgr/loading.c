/*
 * loading: a file that kills the queue manager would kill the next one too, and no mail would move any more. The id of
 * the file being loaded stands in memory that master hands on; who finds one there knows what killed the process before,
 * and a file that did so twice goes to corrupt.
 */
#include <sys/stat.h>

#include "qmgr/qmgr.h"
#include "util/log/log.h"

enum { FORMAT = 0x71676d31, SUSPECTS = 8, NAME_SIZE = QUEUE_ID_MAX + 1 };

struct loading {
	uint32_t format;		/* a release that remembers otherwise has another number */
	uint32_t next;			/* the suspect to be forgotten next */
	char current[NAME_SIZE];	/* "": nothing is being loaded */
	char suspects[SUSPECTS][NAME_SIZE];	/* they killed one of us */
};

static char *
find_suspect(struct loading *loading, const char *id)
{
	for (size_t i = 0; i < SUSPECTS; i++)
		if (strcmp(loading->suspects[i], id) == 0)
			return loading->suspects[i];
	return NULL;
}

static void
suspect(struct loading *loading, const char *id)
{
	memcpy(loading->suspects[loading->next % SUSPECTS], id, NAME_SIZE);
	loading->next++;
	log_warn("%s: the queue manager died while it loaded this message", id);
}

/* What was in active is in incoming by now; a deferred one may not have been moved yet. */
static void
set_aside(struct qmgr *qmgr, struct view id)
{
	static const char *const queues[] = { QUEUE_INCOMING, QUEUE_DEFERRED };
	struct buf path = BUF_INIT;
	struct stat st;

	log_warn("%.*s: the queue manager died twice while it loaded this message", VIEW_ARG(id));
	for (size_t i = 0; i < ARRAY_COUNT(queues); i++) {
		queue_path(&path, &qmgr->config->layout, queues[i], id);
		if (lstat(buf_c(&path), &st) == 0)
			active_set_aside(qmgr, queues[i], id);
	}
	buf_fini(&path);
}

/* The memory was in the hands of a process that died: believed only where it makes sense. */
static void
check(struct loading *loading)
{
	bool sound = loading->format == FORMAT && memchr(loading->current, '\0', NAME_SIZE) != NULL;

	for (size_t i = 0; i < SUSPECTS; i++)
		sound = sound && memchr(loading->suspects[i], '\0', NAME_SIZE) != NULL;
	if (sound && (loading->current[0] == '\0' || queue_id_valid(view_string(loading->current))))
		return;
	*loading = (struct loading){ .format = FORMAT };
}

void
loading_start(struct qmgr *qmgr)
{
	struct loading *loading = service_memo(qmgr->service, sizeof(*loading));
	char *known;

	if ((qmgr->loading = loading) == NULL)
		return;
	check(loading);
	if (loading->current[0] == '\0')
		return;
	if ((known = find_suspect(loading, loading->current)) == NULL) {
		suspect(loading, loading->current);
	} else {
		set_aside(qmgr, view_string(loading->current));
		known[0] = '\0';
	}
	loading->current[0] = '\0';
}

void
loading_begin(struct qmgr *qmgr, struct view id)
{
	if (qmgr->loading == NULL)
		return;
	memcpy(qmgr->loading->current, id.data, id.len);
	qmgr->loading->current[id.len] = '\0';
}

/* It was loaded, and is no suspect any more. */
void
loading_end(struct qmgr *qmgr)
{
	struct loading *loading = qmgr->loading;
	char *known;

	if (loading == NULL)
		return;
	if ((known = find_suspect(loading, loading->current)) != NULL)
		known[0] = '\0';
	loading->current[0] = '\0';
}

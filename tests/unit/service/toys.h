/*
 * toys: a small service of each shape, and a master for one process: it forks a child with the descriptors of
 * master_protocol.h and reads its notes. Everything lives in a scratch folder, which is the working directory.
 */
#ifndef TESTS_SERVICE_TOYS_H
#define TESTS_SERVICE_TOYS_H

#include "service/master_protocol.h"
#include "service/service.h"

#define TOY_SOCKET	"toy.sock"

enum { TOY_REQUEST = FRAME_TYPE_FIRST, TOY_ANSWER, TOY_HANG, TOY_LONG };

extern const struct ipc_protocol toy_protocol;
/* Answer each request with its own payload; TOY_HANG never ends, TOY_LONG answers when the run of the request ended. */
extern const struct service toy_sequential, toy_many, toy_solitary;
extern const struct service toy_event;		/* sends back what comes */
extern const struct service toy_manager;	/* writes to toy.log what triggers and announcements said */
extern const struct service toy_trigger;	/* sequential on triggers: the same */
extern const struct service toy_datagram;	/* the same */
extern const struct service toy_table;		/* sequential; watches texthash:toy.map */
extern const struct service toy_foreign;	/* sequential, foreign protocol: says hello and closes; allows -S */

struct toy_child {
	pid_t pid;
	int status;		/* reading end, non-blocking */
};

void	toys_set_up(void);		/* scratch folder with main.cf */
void	toys_tear_down(void);
void	toys_listen(int type);		/* SOCK_STREAM or SOCK_DGRAM at TOY_SOCKET */
void	toys_unlisten(void);
int	toys_socket(void);		/* a bare connection */
/* options: "-m 3 -l"; main.cf is the same for all. */
struct toy_child toy_start(const struct service *service, const char *options);
int	toy_wait(struct toy_child *child);	/* exit status, or 1000 + signal, 2000: did not end in time */
void	toy_reload(struct toy_child *child);	/* master's end of the status pipe is closed */
/* All notes so far as letters, B I S; waits until there are so many. */
const char *toy_notes(struct toy_child *child, size_t count);
bool	toy_logged(const char *text);		/* waits until toy.log holds it */

#endif

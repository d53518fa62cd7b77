#include "service/watchdog.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "util/log/log.h"

enum { TICKS = 4, LAST_WORDS_SEC = 5 };

/* One timer per process; what its handler sees. */
static struct {
	volatile sig_atomic_t working, ticks;
} watched;

/*
 * The log may have been in use when the signal came. So the default action comes first, with an alarm: should our last
 * words never end, the process ends without them.
 */
static void
bark(void)
{
	sigset_t alarm_signal;
	struct itimerval none = { { 0, 0 }, { LAST_WORDS_SEC, 0 } };

	signal(SIGALRM, SIG_DFL);
	sigemptyset(&alarm_signal);
	sigaddset(&alarm_signal, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm_signal, NULL);
	setitimer(ITIMER_REAL, &none, NULL);
	log_fatal("watchdog timeout");
}

static void
on_tick(int signal_number)
{
	if (watched.working && ++watched.ticks > TICKS)
		bark();
}

void
watchdog_working(bool now)
{
	watched.ticks = 0;
	watched.working = now;
}

void
watchdog_start(int limit_sec)
{
	struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
	struct timeval each = { limit_sec / TICKS, (limit_sec % TICKS) * (1000000 / TICKS) };
	struct itimerval timer = { each, each };

	if (limit_sec <= 0)
		return;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/*
 * clock: the two times. Deadlines are monotonic; queue times are wall clock. Tests replace both with clock_set_fake(),
 * after which time stands still until clock_advance().
 */
#ifndef UTIL_BASE_CLOCK_H
#define UTIL_BASE_CLOCK_H

#include <stdint.h>
#include <sys/time.h>

typedef int64_t	msec_t;		/* milliseconds */

#define CLOCK_NEVER	INT64_MAX	/* a deadline that is never reached */

msec_t		clock_now(void);			/* monotonic, milliseconds */
struct timeval	clock_wall(void);			/* wall clock */
msec_t		clock_deadline(msec_t after_ms);	/* clock_now() + after_ms; CLOCK_NEVER when after_ms <= 0 */
int		clock_poll_ms(msec_t deadline);		/* what is left, fit for poll(): -1 never, 0 over, at most INT_MAX */

void		clock_set_fake(msec_t now, struct timeval wall);
void		clock_advance(msec_t by);

#endif

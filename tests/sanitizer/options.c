/*
 * Linked into the programs of a build with SANITIZE=1. Daemons have a clean environment and no standard error, so what
 * the sanitizers have to say goes to files in a directory that tests/system/run lays into its private /etc and looks
 * into at the end. Elsewhere it goes to standard error, as ever.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define REPORTS		"/etc/sanitizer"
#define OPTIONS		"detect_stack_use_after_return=1:detect_leaks=0"

const char	*__asan_default_options(void);
const char	*__ubsan_default_options(void);
void		 __ubsan_on_report(void);

const char *
__asan_default_options(void)
{
	return access(REPORTS, W_OK) == 0 ? OPTIONS ":log_path=" REPORTS "/report" : OPTIONS;
}

const char *
__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

/* This one writes to standard error whatever its log_path is. It is about to do so, and then the program ends. */
void
__ubsan_on_report(void)
{
	char path[sizeof(REPORTS) + 40];
	int fd;

	snprintf(path, sizeof(path), "%s/undefined.%ld", REPORTS, (long)getpid());
	if ((fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600)) != -1)
		dup2(fd, STDERR_FILENO);
}

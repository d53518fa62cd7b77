/*
 * Linked into the programs of a build with SANITIZE=1. Daemons have a clean environment and no standard error, so what
 * the sanitizers have to say goes to files in a directory that tests/system/run lays into its private /etc and looks
 * into at the end. Elsewhere it goes to standard error, as ever.
 */
#include <unistd.h>

#define REPORTS		"/etc/sanitizer"

const char	*__asan_default_options(void);
const char	*__ubsan_default_options(void);
const char	*__lsan_default_options(void);

static const char *
choose(const char *in_tests, const char *elsewhere)
{
	return access(REPORTS, W_OK) == 0 ? in_tests : elsewhere;
}

const char *
__asan_default_options(void)
{
	return choose("detect_stack_use_after_return=1:detect_leaks=0:log_path=" REPORTS "/report",
	    "detect_stack_use_after_return=1:detect_leaks=0");
}

const char *
__ubsan_default_options(void)
{
	return choose("print_stacktrace=1:log_path=" REPORTS "/report", "print_stacktrace=1");
}

#include "util/process/sandbox.h"

#include <errno.h>
#include <sys/prctl.h>

#include "util/log/log.h"
#include "util/process/filter.h"
#include "util/process/promises.h"

bool
sandbox_mode_of(const char *name, enum sandbox_mode *out)
{
	static const char *const names[] = { [SANDBOX_OFF] = "no", [SANDBOX_ON] = "yes", [SANDBOX_STRICT] = "strict" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*out = (enum sandbox_mode)i;
			return true;
		}
	}
	return false;
}

/* Is the word this promise, or one that it implies? */
static bool
covers(const struct promise *promise, const char *word)
{
	while (promise != NULL && strcmp(promise->word, word) != 0)
		promise = promise->implies != NULL ? promise_find(view_string(promise->implies)) : NULL;
	return promise != NULL;
}

bool
sandbox_is_promised(const char *words, const char *wanted)
{
	struct view rest = view_string(words), word;

	if (strcmp(wanted, "stdio") == 0)
		return true;
	while (view_word(&rest, " ", &word))
		if (covers(promise_find(word), wanted))
			return true;
	return false;
}

static bool
are_known(const char *words, struct buf *why)
{
	struct view rest = view_string(words), word;

	while (view_word(&rest, " ", &word)) {
		if (promise_find(word) == NULL) {
			why_set(why, "unknown promise \"%.*s\"", VIEW_ARG(word));
			return false;
		}
	}
	return true;
}

static bool
creates(const struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->grant_count; i++)
		if (sandbox->grants[i].rights & PATH_CREATE)
			return true;
	return false;
}

static bool
confine_paths(const struct sandbox *sandbox, struct buf *why)
{
	int version = landlock_version();

	if (version > 0 && (!creates(sandbox) || landlock_can_rename()))
		return landlock_enter(sandbox->grants, sandbox->grant_count, why);
	log_debug(1, "sandbox: files are not confined: the kernel has Landlock version %d", version);
	if (sandbox->mode == SANDBOX_STRICT)
		why_set(why, "the kernel has Landlock version %d, at least 2 is needed", version);
	return sandbox->mode != SANDBOX_STRICT;
}

bool
sandbox_enter(const struct sandbox *sandbox, struct buf *why)
{
	if (sandbox->mode == SANDBOX_OFF)
		return true;
	if (!are_known(sandbox->promises, why))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
		why_set(why, "no_new_privs: %s", strerror(errno));
		return false;
	}
	return confine_paths(sandbox, why) && filter_enter(sandbox->promises, sandbox->mode == SANDBOX_STRICT, why);
}

unsigned
sandbox_refused(void)
{
	return filter_refused();
}

/*
 * Right-hand sides of aliases(5), .forward and :include: files, taken apart by local. What comes out is what could be
 * written: no command, file or address holds a NUL or is empty. Files are not read: include files have been read enough.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include "local/deliver.h"
#include "util/log/log.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expect_text(struct view text)
{
	if (view_empty(text) || view_find(text, '\0') >= 0)
		abort();
}

/* -- in the place of what is found here goes on to --------------------------------------------------------------------- */

struct target *
local_add(struct local_delivery *delivery, enum target_kind kind, const struct step *step, struct view text, struct view key)
{
	expect_text(text);
	return NULL;
}

void
local_expand_member(struct local_delivery *delivery, const struct step *above, struct view address, bool aliases)
{
	expect_text(address);
}

void
local_problem(struct local_delivery *delivery, const struct step *step, const char *status, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	buf_fini(&text);
}

void
local_wait(struct local_delivery *delivery, const char *status, const char *format, ...)
{
}

struct identity
local_rights(struct local_delivery *delivery, uid_t uid)
{
	abort();
}

bool
local_may_expand(struct local_delivery *delivery, const struct step *step)
{
	return true;
}

static void
take_apart(struct view text, bool lines)
{
	struct agent agent = { .allow_commands = LOCAL_ALIAS, .allow_files = LOCAL_ALIAS, .rewrite = {
		.myorigin = "ex.org", .mydomain = "ex.org", .append_at_myorigin = true, .append_dot_mydomain = true,
		.swap_bangpath = true, .allow_percent_hack = true } };
	struct arena arena = ARENA_INIT;
	struct local_delivery delivery = { .agent = &agent, .arena = &arena, .includes = INCLUDES_MAX };
	const struct user user = { .name = VIEW("alice"), .home = "/home/alice", .shell = "/bin/sh" };
	struct step step = { .origin = LOCAL_ALIAS, .user = lines ? &user : NULL, .domain = VIEW("ex.org"), .unmatched = VIEW("+more") };

	local_members(&delivery, &step, text, lines);
	arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	log_to_stderr(false);
	take_apart(view_bytes(data, size), false);
	take_apart(view_bytes(data, size), true);
	return 0;
}

/*
 * Files of maildrop, as users and postsuper leave them there, on their way to cleanup: one sender, nothing of a type or
 * an attribute that a user may not set, and no pointers.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "global/queue/submission.h"
#include "pickup/pickup.h"
#include "util/file/file.h"
#include "util/log/log.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In the place of cleanup's client: it looks at what it gets. */
struct cleanup_client {
	bool of_user, in_content;
	int senders;
};

bool
cleanup_open(struct cleanup_client *client, unsigned flags, struct buf *why)
{
	return true;
}

static bool
is_added(struct view attribute)
{
	return view_is(attribute, "log_message_origin=local") || view_is(attribute, "rewrite_context=local");
}

static void
expect_attribute(const struct cleanup_client *client, struct view attribute)
{
	if (client->of_user && !submission_attribute_allowed(attribute) && !submission_attribute_is_dsn(attribute) &&
	    !is_added(attribute))
		abort();
}

void
cleanup_put(struct cleanup_client *client, int type, struct view data)
{
	if (type == RECORD_CONTENT || type == RECORD_EXTRACTED)
		client->in_content = type == RECORD_CONTENT;
	else if (client->in_content && type != RECORD_LINE && type != RECORD_LONG)
		abort();
	else if (type == RECORD_POINTER || type == RECORD_DONE || type == RECORD_FLAGS)
		abort();
	else if (type == RECORD_SENDER && ++client->senders > 1)
		abort();
	else if (type == RECORD_ATTRIBUTE)
		expect_attribute(client, data);
}

void
cleanup_printf(struct cleanup_client *client, int type, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	cleanup_put(client, type, buf_view(&text));
	buf_fini(&text);
}

struct view
cleanup_id(struct cleanup_client *client)
{
	return VIEW("ID");
}

bool
cleanup_failed(const struct cleanup_client *client)
{
	return false;
}

unsigned
cleanup_finish(struct cleanup_client *client, struct buf *reason)
{
	return CLEANUP_OK;
}

void
cleanup_abort(struct cleanup_client *client)
{
}

static void
take(int fd, bool requeued)
{
	const struct pickup_config config = { .cleanup_service = "cleanup", .filter = "", .overrides = "", .hostname = "h",
		.mail_name = "m", .utf8_classes = "sendmail", .utf8 = true };
	const struct drop drop = { .id = VIEW("NAME"), .fd = fd, .owner = 1000, .requeued = requeued };
	struct cleanup_client client = { .of_user = !requeued };
	struct buf why = BUF_INIT;

	pickup_copy(&drop, &config, &client, &why);
	buf_fini(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", 0);

	log_to_stderr(false);
	if (fd == -1)
		return 0;
	if (file_write_all(fd, view_bytes(data, size), NULL)) {
		take(fd, false);
		take(fd, true);
	}
	close(fd);
	return 0;
}

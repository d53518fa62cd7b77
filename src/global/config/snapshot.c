#include "global/config/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "global/config/internal.h"
#include "util/file/file.h"
#include "util/text/cursor.h"

/*
 * content = magic registry-hash file-identity *setting; setting = line name value. Numbers are in the byte order of the
 * host, which is the same for both ends; texts have their length (32 bits) in front.
 */
static const struct view magic = VIEW_INIT("main.cf 1\n");

enum { CONTENT_MAX = 32 << 20, SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

struct head {
	uint64_t registry;
	struct file_identity id;
};

static void
put_text(struct buf *out, const char *text)
{
	uint32_t length = (uint32_t)strlen(text);

	buf_put(out, &length, sizeof(length));
	buf_put(out, text, length);
}

void
snapshot_encode(const struct config *config, struct buf *out)
{
	const struct head head = { param_registry_hash(), config->id };

	buf_putv(out, magic);
	buf_put(out, &head, sizeof(head));
	LIST_FOREACH(setting, &config->settings, struct setting, link) {
		uint32_t line = (uint32_t)setting->line;

		if (line == 0)		/* an option of this process alone */
			continue;
		buf_put(out, &line, sizeof(line));
		put_text(out, setting->name);
		put_text(out, setting->raw);
	}
}

static bool
get_bytes(struct cursor *in, void *out, size_t size)
{
	struct view bytes;

	if (!cursor_take(in, size, &bytes))
		return false;
	memcpy(out, bytes.data, size);
	return true;
}

static bool
get_text(struct cursor *in, struct view *text)
{
	struct cursor ahead = *in;
	uint32_t length;

	if (!get_bytes(&ahead, &length, sizeof(length)) || !cursor_take(&ahead, length, text))
		return false;
	*in = ahead;
	return true;
}

static bool
get_setting(struct cursor *in, struct config *config)
{
	struct view name, value;
	uint32_t line;

	if (!get_bytes(in, &line, sizeof(line)) || !get_text(in, &name) || !get_text(in, &value) || line == 0)
		return false;
	config_add(config, name, value, (int)line);
	return true;
}

bool
snapshot_decode(struct view content, struct config *config)
{
	struct cursor in = cursor_of(content);
	struct head head;

	if (!cursor_literal(&in, magic) || !get_bytes(&in, &head, sizeof(head)) || head.registry != param_registry_hash())
		return false;
	config->id = head.id;
	while (!cursor_done(&in))
		if (!get_setting(&in, config))
			return false;
	return true;
}

int
snapshot_make(const struct config *config, struct buf *why)
{
	struct buf content = BUF_INIT;
	int fd = memfd_create("main.cf", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	snapshot_encode(config, &content);
	if (fd == -1) {
		why_set(why, "memfd_create: %s", strerror(errno));
	} else if (!file_write_all(fd, buf_view(&content), why) || fcntl(fd, F_ADD_SEALS, SEALS) == -1) {
		why_set(why, "cannot make a configuration snapshot: %s", strerror(errno));
		close(fd);
		fd = -1;
	}
	buf_fini(&content);
	return fd;
}

/* "<version>:<fd>" */
static int
snapshot_descriptor(void)
{
	const char *text = getenv(SNAPSHOT_ENV);
	struct cursor in = cursor_of(view_string(text));
	uint64_t version, fd;

	if (text == NULL || !cursor_u64(&in, &version) || !cursor_byte(&in, ':') || !cursor_u64(&in, &fd) ||
	    !cursor_done(&in) || version != SNAPSHOT_VERSION || fd <= STDERR_FILENO || fd > 65535)
		return -1;
	return (int)fd;
}

static bool
is_current(const struct config *config)
{
	struct file_identity now;
	struct stat st;

	if (stat(config->path, &st) == -1)
		return false;
	file_identity_of(&st, &now);
	return file_identity_equal(&now, &config->id);
}

static bool
read_snapshot(int fd, struct config *config)
{
	struct buf content = BUF_INIT;
	struct stat st;
	bool good = false;

	/* Only what can no longer change; a plain file or a pipe has no seals. */
	if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &st) == -1 || st.st_size > CONTENT_MAX)
		return false;
	if (file_pread_all(fd, buf_reserve(&content, (size_t)st.st_size), (size_t)st.st_size, 0)) {
		buf_added(&content, (size_t)st.st_size);
		good = snapshot_decode(buf_view(&content), config) && is_current(config);
	}
	buf_fini(&content);
	return good;
}

struct config *
snapshot_load(const char *directory)
{
	int fd = snapshot_descriptor();
	struct config *config;

	unsetenv(SNAPSHOT_ENV);
	if (fd == -1)
		return NULL;
	config = config_new(directory);
	if (!read_snapshot(fd, config)) {
		config_free(config);
		config = NULL;
	}
	close(fd);
	return config;
}

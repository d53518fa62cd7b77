#include "sendmail/user.h"

#include <unistd.h>

#include "util/log/log.h"
#include "util/text/chars.h"

enum { FULL_NAME_MAX = 200 };

void
user_login(struct buf *out, const struct passwd *self)
{
	if (self == NULL)
		log_fatal("unable to find login name for user ID %ld", (long)getuid());
	buf_puts(out, self->pw_name);
}

/* The first field of the comment; '&' stands for the login name with a capital. */
static void
from_password_file(struct buf *out, const struct passwd *self)
{
	for (const char *c = self->pw_gecos; *c != '\0' && *c != ',' && *c != ';' && *c != '%'; c++) {
		size_t at = out->len;

		if (*c != '&') {
			buf_putc(out, *c);
			continue;
		}
		buf_puts(out, self->pw_name);
		if (out->len > at)
			out->data[at] = char_upper(out->data[at]);
	}
}

/* In whatever charset: cleanup encodes what is beyond ASCII. */
static void
put_name(struct buf *out, struct view name)
{
	for (size_t i = 0; i < name.len; i++)
		buf_putc(out, char_is(name.data[i], CHAR_CONTROL) ? '?' : name.data[i]);
}

void
user_full_name(struct buf *out, const char *given, const struct passwd *self)
{
	struct buf name = BUF_INIT;
	const char *from_environment = getenv("NAME");

	if (given != NULL)
		buf_puts(&name, given);
	else if (from_environment != NULL)
		buf_puts(&name, from_environment);
	else if (self != NULL)
		from_password_file(&name, self);
	put_name(out, view_slice(view_trim(buf_view(&name)), 0, FULL_NAME_MAX));
	buf_fini(&name);
}

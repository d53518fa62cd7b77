#include "postdrop/sender.h"

#include <pwd.h>
#include <sysexits.h>
#include <unistd.h>

#include "global/address/address.h"
#include "service/command.h"
#include "table/maps.h"
#include "util/log/log.h"

struct sender_config {
	const char *maps, *null_key, *delimiters;
};

static const struct binding bindings[] = {
	BIND_STRING(struct sender_config, maps, "local_login_sender_maps"),
	BIND_STRING(struct sender_config, null_key, "empty_address_local_login_sender_maps_lookup_key"),
	BIND_STRING(struct sender_config, delimiters, "recipient_delimiter"),
	BIND_END
};

/* user+extension@domain -> user@domain */
static void
strip_extension(struct buf *out, struct view sender, const char *delimiters)
{
	struct view local = sender, domain = VIEW_EMPTY, user, extension;
	bool has_domain = address_split(sender, &local, &domain);

	if (!address_split_extension(local, delimiters, true, &user, &extension))
		user = local;
	buf_set(out, user);
	if (has_domain) {
		buf_putc(out, '@');
		buf_putv(out, domain);
	}
}

/* A pattern is "*", an address, a login name, or "@domain". */
static bool
pattern_matches(struct view pattern, struct view sender, struct view stripped)
{
	struct view local, domain;

	if (view_is(pattern, "*") || view_equal_nocase(pattern, sender) || view_equal_nocase(pattern, stripped))
		return true;
	return view_starts(pattern, VIEW("@")) && address_split(sender, &local, &domain) &&
	    domain_equal(view_slice(pattern, 1, pattern.len), domain);
}

static bool
allowed(struct view patterns, struct view sender, const struct sender_config *settings)
{
	struct buf stripped = BUF_INIT;
	struct view pattern;
	bool found = false;

	if (view_empty(sender))
		sender = view_string(settings->null_key);
	strip_extension(&stripped, sender, settings->delimiters);
	while (!found && view_word(&patterns, ", \t\r\n", &pattern))
		found = pattern_matches(pattern, sender, buf_view(&stripped));
	buf_fini(&stripped);
	return found;
}

static void
put_login_name(struct buf *out)
{
	const struct passwd *user = getpwuid(getuid());

	if (user != NULL)
		buf_puts(out, user->pw_name);
	else
		buf_printf(out, "uid:%ld", (long)getuid());
}

void
sender_require_allowed(void *config, struct view sender)
{
	struct sender_config settings;
	struct buf patterns = BUF_INIT, login = BUF_INIT;
	struct table_env env;
	struct maps *maps;
	enum lookup result;

	command_bind(config, bindings, &settings);
	if (strcmp(settings.maps, "static:*") == 0)	/* anybody, as anybody: who it is need not be found out */
		return;
	command_tables(config, &env);
	maps = maps_open(&env, "local_login_sender_maps", settings.maps, TABLE_FOLD_FIXED);
	put_login_name(&login);
	result = maps_lookup(maps, buf_view(&login), false, &patterns, NULL);
	if (result == LOOKUP_RETRY)
		log_fatal("local_login_sender_maps: table lookup error");
	if (result == LOOKUP_NONE || !allowed(buf_view(&patterns), sender, &settings)) {
		log_set_fatal_status(EX_NOPERM);
		log_fatal("User %s(%ld) is not allowed to submit mail from <%.*s>", buf_c(&login), (long)getuid(), VIEW_ARG(sender));
	}
	maps_close(maps);
	buf_fini(&login);
	buf_fini(&patterns);
}

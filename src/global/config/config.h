/*
 * config: the settings of one process: main.cf as master read it (or the file itself), with the service's own `-o` laid
 * over it, expanded when asked. Errors name file, line, parameter and value. All strings live as long as the config.
 *
 * A program binds what it needs to a struct of its own; nothing else names a default, a range or a unit:
 *
 *	const struct binding smtpd_bindings[] = {
 *		BIND_INT(struct smtpd_config, recipient_limit, "smtpd_recipient_limit"),
 *		BIND_TIME(struct smtpd_config, timeout_sec, "smtpd_timeout"),
 *		BIND_END
 *	};
 */
#ifndef GLOBAL_CONFIG_CONFIG_H
#define GLOBAL_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "util/text/buf.h"

/* Names an installation beside the one that main.cf is about; see postfix(1). */
#define PREFIX_ENV	"POSTHASTE_PREFIX"

struct config;

enum binding_kind { BINDING_STRING, BINDING_RAW, BINDING_INT, BINDING_LONG, BINDING_BOOL, BINDING_TIME, BINDING_OLD_DEFAULT };

struct binding {
	const char *name;	/* NULL ends the table. "%_suffix": service name in front (per-transport parameters) */
	enum binding_kind kind;
	size_t offset;
};

#define BIND_STRING(type, member, name)	{ name, BINDING_STRING, offsetof(type, member) }	/* const char *, expanded */
#define BIND_RAW(type, member, name)	{ name, BINDING_RAW, offsetof(type, member) }		/* const char *, unexpanded */
#define BIND_INT(type, member, name)	{ name, BINDING_INT, offsetof(type, member) }		/* int */
#define BIND_LONG(type, member, name)	{ name, BINDING_LONG, offsetof(type, member) }		/* long long */
#define BIND_BOOL(type, member, name)	{ name, BINDING_BOOL, offsetof(type, member) }		/* bool */
#define BIND_TIME(type, member, name)	{ name, BINDING_TIME, offsetof(type, member) }		/* int, seconds; member ends in _sec */
#define BIND_OLD_DEFAULT(type, member, name)	{ name, BINDING_OLD_DEFAULT, offsetof(type, member) }	/* bool; see compatibility.h */
#define BIND_END			{ NULL, BINDING_STRING, 0 }

struct config_override {
	const char *name, *value;
};

/*
 * Loads main.cf from config_directory (NULL: MAIL_CONFIG or the built-in one), or from master's snapshot when it is
 * still the same file (daemons only; see snapshot.h). NULL with a reason that names file and line.
 */
struct config	*config_load(const char *config_directory, struct buf *why);
struct config	*config_load_for_service(struct buf *why);
void		 config_free(struct config *config);
/* Lays one setting over all others (-o); names without a meaning are kept: they may be referred to. */
void		 config_override(struct config *config, struct view name, struct view value);
void		 config_set_service(struct config *config, const char *service_name, const char *process_name);

bool		 config_bind(struct config *config, const struct binding *bindings, void *out, struct buf *why);

/* One at a time, for names only known at run time. The string is "" when unset and without default. */
const char	*config_string(struct config *config, const char *name, struct buf *why);	/* expanded; NULL: error */
const char	*config_raw(struct config *config, const char *name);		/* as written, or default; NULL: unknown name */
bool		 config_is_set(struct config *config, const char *name);	/* in main.cf or overridden */
bool		 config_int(struct config *config, const char *name, int *out, struct buf *why);
bool		 config_bool(struct config *config, const char *name, bool *out, struct buf *why);
bool		 config_time(struct config *config, const char *name, int *seconds, struct buf *why);
/* <transport>_<suffix>, else its default: "slow", "_destination_concurrency_limit". */
const char	*config_transport_string(struct config *config, const char *transport, const char *suffix, struct buf *why);
bool		 config_transport_int(struct config *config, const char *transport, const char *suffix, int *out, struct buf *why);
bool		 config_transport_time(struct config *config, const char *transport, const char *suffix, int *seconds, struct buf *why);

/* Expands $name, ${name}, $(name), ${name?text}, ${name:text}, ${name?{a}:{b}}, ${{a} == {b} ? {c} : {d}}, $$. */
bool		 config_expand(struct config *config, struct view text, struct buf *out, struct buf *why);
/* Where a setting was made, for messages: "main.cf, line 12", "master.cf", "default". */
const char	*config_where(struct config *config, const char *name);
const char	*config_directory(const struct config *config);


/* For tools that show or check a configuration as a whole. */
struct config	*config_empty(const char *config_directory);		/* nothing set: defaults only */
const char	*config_directory_in_use(const char *asked);		/* asked, else MAIL_CONFIG, else the built-in one */
const char	*config_default(struct config *config, const char *name);	/* as written, or computed; NULL: unknown name */
/* As config_string(), but shows a value that breaks its bounds. */
const char	*config_string_unchecked(struct config *config, const char *name, struct buf *why);
void		 config_each_setting(const struct config *config,
		    void (*each)(const char *name, const char *raw, int line, void *arg), void *arg);

/* A time text: number with unit s m h d w. */
bool		 config_parse_time(const char *text, char default_unit, long long *seconds);

#endif

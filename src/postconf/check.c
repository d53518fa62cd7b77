#include "postconf/check.h"

#include "global/config/main_cf.h"
#include "global/config/obsolete.h"
#include "postconf/services.h"
#include "util/log/log.h"

struct check {
	const char *directory, *file;
	const struct known *known;
};

static void
check_obsolete(const struct check *check, struct view name)
{
	const struct obsolete *old = obsolete_find(name);

	if (old == NULL)
		return;
	if (old->instead != NULL)
		log_warn("%s/%s: support for parameter \"%s\" will be removed; instead, specify \"%s\"", check->directory,
		    check->file, old->name, old->instead);
	else
		log_warn("%s/%s: support for parameter \"%s\" will be removed; instead, do not specify", check->directory,
		    check->file, old->name);
}

/* CF4: "10.0.0.0/8 # office" has two words too many */
static bool
has_comment(struct view value)
{
	for (size_t i = 1; i < value.len; i++)
		if (value.data[i] == '#' && (value.data[i - 1] == ' ' || value.data[i - 1] == '\t'))
			return true;
	return false;
}

static void
check_setting(const struct check *check, struct view name, struct view value)
{
	if (known_class(check->known, name) == 0)
		log_warn("%s/%s: unused parameter: %.*s=%.*s", check->directory, check->file, VIEW_ARG(name), VIEW_ARG(value));
	check_obsolete(check, name);
	if (has_comment(value))
		log_warn("%s/%s: #comment after other text is not allowed: %.*s = %.*s", check->directory, check->file,
		    VIEW_ARG(name), VIEW_ARG(value));
}

static void
check_main_cf(const char *name, const char *raw, int line, void *arg)
{
	if (line > 0)
		check_setting(arg, view_string(name), view_string(raw));
}

static void
check_options(const struct check *check, const struct master_entry *entry)
{
	struct view name, value;

	for (int i = 1; i < entry->argc; i++)
		if (service_option(entry, i, &name, &value))
			check_setting(check, name, value);
}

void
check_configuration(struct config *config, const struct master_cf *services, const struct known *known)
{
	struct check check = { config_directory(config), "main.cf", known };

	config_each_setting(config, check_main_cf, &check);
	if (services == NULL)
		return;
	check.file = "master.cf";
	LIST_FOREACH(entry, &services->entries, struct master_entry, link)
		check_options(&check, entry);
}

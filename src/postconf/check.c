#include "postconf/check.h"

#include "global/config/main_cf.h"
#include "global/config/obsolete.h"
#include "postconf/services.h"
#include "postconf/table_names.h"
#include "util/log/log.h"

struct check {
	const char *directory, *file;
	const struct known *known;
	const struct master_entry *entry;	/* NULL: main.cf */
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

static bool
is_used(const struct check *check, struct view name)
{
	return known_class(check->known, name) != 0 || (check->entry != NULL && known_to_service(check->entry, name));
}

static void
check_setting(const struct check *check, struct view name, struct view value)
{
	if (!is_used(check, name))
		log_warn("%s/%s: unused parameter: %.*s=%.*s", check->directory, check->file, VIEW_ARG(name), VIEW_ARG(value));
	check_obsolete(check, name);
	if (has_comment(value))
		log_warn("%s/%s: #comment after other text is not allowed: %.*s = %.*s", check->directory, check->file,
		    VIEW_ARG(name), VIEW_ARG(value));
}

/* Lines of main.cf and -o of ours (0); what POSTHASTE_PREFIX says is nobody's setting. */
static void
check_main_cf(const char *name, const char *raw, int line, void *arg)
{
	if (line >= 0)
		check_setting(arg, view_string(name), view_string(raw));
}

/* Of several settings of a name the last one counts, and is looked at. */
static void
check_options(const struct check *check)
{
	struct view name, value, last;

	for (int at = 0; service_option_next(check->entry, &at, &name, &value);)
		if (service_option_find(check->entry, name, &last) && last.data == value.data)
			check_setting(check, name, value);
}

static void
check_undefined(const char *name, bool in_master_cf, void *arg)
{
	const struct check *check = arg;

	log_warn("%s/%s: undefined parameter: %s", check->directory, in_master_cf ? "master.cf" : "main.cf", name);
}

/* -- files of tables ------------------------------------------------------------------------------------------------- */

struct table_check {
	const char *type, *path;
};

static bool
check_table_setting(struct view name, struct view value, int line, void *arg)
{
	const struct table_check *check = arg;

	(void)line;
	if (!table_names_have(table_names_find(view_string(check->type)), name))
		log_warn("%s:%s: unused parameter: %.*s=%.*s", check->type, check->path, VIEW_ARG(name), VIEW_ARG(value));
	return true;
}

static void
check_table_file(const char *type, const char *path, void *arg)
{
	struct table_check check = { type, path };
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct file_identity id;

	(void)arg;
	if (!main_cf_read(path, &text, &id, NULL))
		log_warn("open \"%s\" configuration \"%s\": %m", type, path);
	else if (!main_cf_parse(buf_view(&text), path, check_table_setting, &check, &why))
		log_warn("%s", buf_c(&why));
	buf_fini(&text);
	buf_fini(&why);
}

void
check_configuration(struct config *config, const struct master_cf *services, const struct known *known, bool of_main_cf)
{
	struct check check = { config_directory(config), "main.cf", known, NULL };

	known_each_undefined(known, check_undefined, &check);
	if (of_main_cf)
		config_each_setting(config, check_main_cf, &check);
	known_each_table_file(known, check_table_file, NULL);
	if (services == NULL)
		return;
	check.file = "master.cf";
	LIST_FOREACH(entry, &services->entries, struct master_entry, link) {
		check.entry = entry;
		check_options(&check);
	}
}

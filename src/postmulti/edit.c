#include "postmulti/edit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/config/instance.h"
#include "postmulti/run.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { FILE_MAX = 4 * 1024 * 1024 };

static const struct instance *
primary(const struct edit_request *request)
{
	return &request->all->list[0];
}

static struct instance *
secondary(const struct edit_request *request, const char *action)
{
	if (request->target == NULL || request->target->primary)
		log_fatal("-e %s needs -i with the name of a secondary instance", action);
	return request->target;
}

/* -- the list -------------------------------------------------------------------------------------------------------- */

/* Writes multi_instance_directories: without one directory, with another one in front or behind. */
static void
write_list(const struct edit_request *request, const char *without, const char *with)
{
	struct buf text = BUF_INIT;
	const char *settings[] = { NULL, NULL };

	buf_puts(&text, "multi_instance_directories =");
	if (with != NULL && request->first)
		buf_printf(&text, " %s", with);
	for (size_t i = 1; i < request->all->count; i++)
		if (without == NULL || strcmp(request->all->list[i].directory, without) != 0)
			buf_printf(&text, " %s", request->all->list[i].directory);
	if (with != NULL && !request->first)
		buf_printf(&text, " %s", with);
	settings[0] = buf_c(&text);
	run_edit(primary(request), primary(request)->directory, settings);
	buf_fini(&text);
}

static void
check_new_name(const struct edit_request *request)
{
	if (request->name != NULL && instances_find(request->all, request->name) != NULL)
		log_fatal("there is an instance of the name %s", request->name);
	if (request->name != NULL && strncmp(request->name, "postfix-", 8) != 0)
		log_warn("instance names begin with \"postfix-\", by which the log is searched: %s", request->name);
}

static void
set(const struct instance *by, const char *directory, const char *name, const char *value)
{
	struct buf text = BUF_INIT;
	const char *settings[] = { NULL, NULL };

	buf_printf(&text, "%s = %s", name, value);
	settings[0] = buf_c(&text);
	run_edit(by, directory, settings);
	buf_fini(&text);
}

/* -- actions --------------------------------------------------------------------------------------------------------- */

static void
init(const struct edit_request *request)
{
	static const char *const settings[] = {
		"multi_instance_wrapper = ${command_directory}/postmulti -p --", "multi_instance_enable = yes", NULL,
	};

	run_edit(primary(request), primary(request)->directory, settings);
}

/* name=value behind the options, else what is next to the primary's. */
static const char *
place(const struct edit_request *request, const char *parameter, struct buf *out)
{
	const char *of_primary = strcmp(parameter, "config_directory") == 0 ? primary(request)->directory
	    : instance_setting(primary(request), parameter);
	size_t len = strlen(parameter);
	const char *slash = strrchr(of_primary, '/');

	for (char **each = request->arguments; *each != NULL; each++)
		if (strncmp(*each, parameter, len) == 0 && (*each)[len] == '=')
			return *each + len + 1;
	if (request->name == NULL || slash == NULL)
		log_fatal("-e create needs -I name, or %s=directory", parameter);
	buf_reset(out);
	buf_printf(out, "%.*s/%s", (int)(slash - of_primary), of_primary, request->name);
	return buf_c(out);
}

/* The prototype where there is one, else what the primary has. */
static void
copy_file(const struct edit_request *request, const char *directory, const char *file, bool prototype_only)
{
	struct buf from = BUF_INIT, to = BUF_INIT, text = BUF_INIT, why = BUF_INIT;

	buf_printf(&from, "%s/%s.proto", instance_setting(primary(request), "meta_directory"), file);
	buf_printf(&to, "%s/%s", directory, file);
	if (access(buf_c(&from), R_OK) == -1) {
		buf_reset(&from);
		buf_printf(&from, "%s/%s", prototype_only ? "/dev/null" : primary(request)->directory, prototype_only ? "" : file);
		if (prototype_only)
			buf_set(&from, VIEW("/dev/null"));
	}
	if (!file_read_all(buf_c(&from), FILE_MAX, &text, &why) || !file_replace(buf_c(&to), buf_view(&text), 0644, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&from);
	buf_fini(&to);
	buf_fini(&text);
	buf_fini(&why);
}

/* Settings that all instances have in common. */
static void
share_settings(const struct edit_request *request, const char *directory)
{
	static const char *const shared[] = {
		"compatibility_level", "daemon_directory", "command_directory", "shlib_directory", "meta_directory", "mail_owner",
		"setgid_group", "sendmail_path", "mailq_path", "newaliases_path",
	};

	for (size_t i = 0; i < ARRAY_COUNT(shared); i++)
		if (config_is_set(primary(request)->config, shared[i]))
			set(primary(request), directory, shared[i], instance_setting(primary(request), shared[i]));
}

/* It must not take the ports of another, nor mail of users, before somebody looked at it. */
static void
create(const struct edit_request *request)
{
	struct buf config = BUF_INIT, queue = BUF_INIT, data = BUF_INIT, why = BUF_INIT;
	const char *directory = place(request, "config_directory", &config);

	check_new_name(request);
	if (access(directory, F_OK) == 0)
		log_fatal("%s exists already: use -e import", directory);
	if (!file_make_directories(directory, 0755, &why))
		log_fatal("%s", buf_c(&why));
	copy_file(request, directory, "main.cf", true);
	copy_file(request, directory, "master.cf", false);
	share_settings(request, directory);
	set(primary(request), directory, "queue_directory", place(request, "queue_directory", &queue));
	set(primary(request), directory, "data_directory", place(request, "data_directory", &data));
	set(primary(request), directory, "authorized_submit_users", "");
	set(primary(request), directory, "master_service_disable", "inet");
	set(primary(request), directory, "multi_instance_enable", "no");
	if (request->name != NULL)
		set(primary(request), directory, "multi_instance_name", request->name);
	if (request->group != NULL)
		set(primary(request), directory, "multi_instance_group", request->group);
	write_list(request, NULL, directory);
	buf_fini(&config);
	buf_fini(&queue);
	buf_fini(&data);
	buf_fini(&why);
}

static void
assign(const struct edit_request *request)
{
	const struct instance *target = request->target != NULL ? request->target : primary(request);

	check_new_name(request);
	if (request->name != NULL)
		set(primary(request), target->directory, "multi_instance_name", strcmp(request->name, "-") == 0 ? "" : request->name);
	if (request->group != NULL)
		set(primary(request), target->directory, "multi_instance_group",
		    strcmp(request->group, "-") == 0 ? "" : request->group);
}

static void
import(const struct edit_request *request)
{
	struct buf config = BUF_INIT;
	const char *directory = place(request, "config_directory", &config);
	struct edit_request as = *request;
	struct instance imported = { .directory = (char *)(uintptr_t)directory };

	as.target = &imported;
	if (access(directory, F_OK) == -1)
		log_fatal("%s: %m", directory);
	assign(&as);
	write_list(request, NULL, directory);
	buf_fini(&config);
}

static void
enable(const struct edit_request *request)
{
	set(primary(request), secondary(request, "enable")->directory, "multi_instance_enable", "yes");
}

static void
disable(const struct edit_request *request)
{
	set(primary(request), secondary(request, "disable")->directory, "multi_instance_enable", "no");
}

static void
require_stopped(const struct instance *target)
{
	pid_t master;

	if (instance_is_running(target->config, &master))
		log_fatal("%s is running", target->directory);
}

static void
deport(const struct edit_request *request)
{
	struct instance *target = secondary(request, "deport");

	require_stopped(target);
	write_list(request, target->directory, NULL);
}

static void
remove_path(const char *directory, const char *name)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", directory, name);
	if (remove(buf_c(&path)) == -1 && errno != ENOENT)
		log_warn("%s stays: %m", buf_c(&path));
	buf_fini(&path);
}

/* Mail is never removed: directories that hold some stay, with a word about it; so do those of sockets. */
static void
remove_queue(const char *queue)
{
	static const char *const directories[] = {
		"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "saved", "tlstrace",
		"trace",
	};

	for (size_t i = 0; i < ARRAY_COUNT(directories); i++)
		remove_path(queue, directories[i]);
}

static void
destroy(const struct edit_request *request)
{
	struct instance *target = secondary(request, "destroy");

	if (target->enabled)
		log_fatal("%s is enabled: use -e disable before", target->directory);
	require_stopped(target);
	write_list(request, target->directory, NULL);
	remove_queue(instance_setting(target, "queue_directory"));
	remove_path(target->directory, "main.cf");
	remove_path(target->directory, "master.cf");
	remove_path(target->directory, "");
}

void
edit_instance(const char *action, const struct edit_request *request)
{
	static const struct {
		const char *name;
		void (*act)(const struct edit_request *request);
	} actions[] = {
		{ "init", init }, { "create", create }, { "import", import }, { "destroy", destroy }, { "deport", deport },
		{ "assign", assign }, { "enable", enable }, { "disable", disable },
	};

	for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
		if (strcmp(actions[i].name, action) == 0) {
			actions[i].act(request);
			return;
		}
	}
	log_fatal("bad action \"%s\"; expected: init, create, import, destroy, deport, assign, enable, disable", action);
}

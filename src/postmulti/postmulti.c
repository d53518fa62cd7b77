/*
 * postmulti: several mail systems on one host, see postmulti(1).
 */
#include <stdio.h>
#include <unistd.h>

#include "postmulti/edit.h"
#include "postmulti/instances.h"
#include "postmulti/run.h"
#include "service/command.h"
#include "util/log/log.h"
#include "util/text/json.h"

struct request {
	char what;			/* l p x e */
	const char *action;		/* -e */
	const char *instance, *group;	/* -i, -g */
	const char *new_name, *new_group;
	bool all, reverse, json;
	char **arguments;
};

static void __attribute__((noreturn))
usage(void)
{
	log_fatal("usage: postmulti [-av] [-g group | -i name] [-R] -l [-j] | -p postfix-command | -x command ...; "
	    "postmulti [-av] [-g group | -i name] [-G group] [-I name] -e action [parameter=value ...]");
}

static void
set_what(struct request *request, int option)
{
	if (request->what != 0)
		usage();
	request->what = (char)option;
}

static void
parse_options(struct request *request, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+ae:g:i:G:I:jlpRvx")) != -1) {
		switch (option) {
		case 'a': request->all = true; break;
		case 'e': set_what(request, option); request->action = optarg; break;
		case 'g': request->group = optarg; break;
		case 'i': request->instance = optarg; break;
		case 'G': request->new_group = optarg; break;
		case 'I': request->new_name = optarg; break;
		case 'j': request->json = true; break;
		case 'l': case 'p': case 'x': set_what(request, option); break;
		case 'R': request->reverse = true; break;
		case 'v': command_verbose(); break;
		default: usage();
		}
	}
	request->arguments = argv + optind;
	if (request->what == 0 || ((request->what == 'p' || request->what == 'x') && request->arguments[0] == NULL))
		usage();
}

/* -- choosing -------------------------------------------------------------------------------------------------------- */

static bool
is_chosen(const struct request *request, const struct instance *instance)
{
	if (request->instance != NULL)
		return strcmp(instance->name, request->instance) == 0 ||
		    (instance->primary && strcmp(request->instance, "-") == 0);
	return request->group == NULL || strcmp(instance->group, request->group) == 0;
}

static bool
listed(const struct instance *instance, const char *parameter, const char *command)
{
	struct view rest = view_string(instance_setting(instance, parameter)), word;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_is(word, command))
			return true;
	return false;
}

/* -- doing ----------------------------------------------------------------------------------------------------------- */

static void
put_member(struct buf *out, const char *name, const char *value)
{
	json_put_string(out, view_string(name));
	buf_puts(out, ": ");
	json_put_string(out, view_string(value));
}

static int
list_one(const struct request *request, const struct instance *instance)
{
	const char *name = instance->name[0] != '\0' ? instance->name : "-";
	const char *group = instance->group[0] != '\0' ? instance->group : "-";
	struct buf line = BUF_INIT;

	if (!request->json) {
		printf("%-15s %-15s %-9s %s\n", name, group, instance->enabled ? "y" : "n", instance->directory);
		return 0;
	}
	buf_putc(&line, '{');
	put_member(&line, "name", name);
	buf_puts(&line, ", ");
	put_member(&line, "group", group);
	buf_puts(&line, ", ");
	put_member(&line, "enabled", instance->enabled ? "y" : "n");
	buf_puts(&line, ", ");
	put_member(&line, "config_directory", instance->directory);
	puts((buf_putc(&line, '}'), buf_c(&line)));
	buf_fini(&line);
	return 0;
}

/* What is disabled does not start, but may be checked, and stopped. */
static int
control_one(const struct request *request, const struct instance *primary, const struct instance *instance)
{
	const char *command = request->arguments[0];
	const char *argv[8] = { "postfix", "-c", instance->directory };
	size_t n = 3;

	if (!instance->enabled && listed(primary, "postmulti_control_commands", command))
		return 0;
	if (!instance->enabled && listed(primary, "postmulti_start_commands", command))
		command = "check";
	argv[n++] = command;
	for (char **more = request->arguments + 1; *more != NULL && n < ARRAY_COUNT(argv) - 1; more++)
		argv[n++] = *more;
	return run_for(instance, (char *const *)argv);
}

static int
do_one(const struct request *request, const struct instances *all, const struct instance *instance)
{
	switch (request->what) {
	case 'l': return list_one(request, instance);
	case 'p': return control_one(request, &all->list[0], instance);
	default: return run_for(instance, request->arguments);
	}
}

/* What started last stops first. The last failure is what we end with. */
static int
do_chosen(const struct request *request, const struct instances *all)
{
	bool reverse = request->reverse != (request->what == 'p' &&
	    listed(&all->list[0], "postmulti_stop_commands", request->arguments[0]));
	int status = 0;
	size_t chosen = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct instance *instance = &all->list[reverse ? all->count - 1 - i : i];
		int result;

		if (!is_chosen(request, instance))
			continue;
		chosen++;
		if ((result = do_one(request, all, instance)) != 0)
			status = result;
	}
	if (chosen == 0)
		log_fatal("no instance fits");
	return status;
}

static void
edit(const struct request *request, struct instances *all)
{
	struct edit_request edit_request = {
		.all = all, .name = request->new_name, .group = request->new_group, .first = request->all,
		.arguments = request->arguments,
	};

	if (request->instance != NULL && (edit_request.target = instances_find(all, request->instance)) == NULL)
		log_fatal("no instance of the name %s", request->instance);
	edit_instance(request->action, &edit_request);
}

int
main(int argc, char **argv)
{
	struct request request = { 0 };
	struct instances all;
	int status = 0;

	command_begin("postmulti");
	parse_options(&request, argc, argv);
	instances_load(&all);
	if (request.what == 'e')
		edit(&request, &all);
	else
		status = do_chosen(&request, &all);
	instances_free(&all);
	return status;
}

/*
 * postconf: shows and edits the configuration.
 */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "global/config/config.h"
#include "global/config/main_cf.h"
#include "postconf/check.h"
#include "postconf/edit.h"
#include "postconf/known.h"
#include "postconf/lists.h"
#include "postconf/print.h"
#include "postconf/services.h"
#include "util/log/log.h"

enum { EVERY_CLASS = NAME_BUILT_IN | NAME_SERVICE | NAME_USER, OVERRIDES_MAX = 64 };

struct request {
	const char *directory;		/* -c; NULL: as usual */
	char mode;			/* p M F P a A b l m t T: what to work on */
	char edit;			/* e X #, or 0: show */
	bool defaults, set_only, expand, quiet;
	unsigned classes;
	struct print_style style;
	const char *tls_fact;		/* -T */
	const char *overrides[OVERRIDES_MAX];
	size_t override_count;
	char **names;			/* NULL ended */
	char given[UCHAR_MAX + 1];	/* option letters that were given */
};

static const char usage[] = "usage: postconf [-c directory] [-C class,...] [-dfhHjnqvx] [-o name=value] [name...]; "
    "postconf -e|-X|-# [-c directory] name[=value]...; postconf -M|-F|-P [-eX#fhHjqx] [service/type[/item][=value]...]; "
    "postconf -a|-A|-l|-m|-T mode; postconf -b|-t [file]";

/* -- options --------------------------------------------------------------------------------------------------------- */

static void
set_once(char *which, int option)
{
	if (*which != 0 && *which != option)
		log_fatal("specify one of -%c -%c", *which, option);
	*which = (char)option;
}

static unsigned
read_classes(const char *text)
{
	static const struct {
		const char *name;
		unsigned class;
	} classes[] = {
		{ "builtin", NAME_BUILT_IN }, { "service", NAME_SERVICE }, { "user", NAME_USER }, { "all", EVERY_CLASS },
	};
	struct view rest = view_string(text), word;
	unsigned all = 0;

	while (view_word(&rest, ", \t", &word)) {
		size_t i = 0;

		while (i < ARRAY_COUNT(classes) && !view_is_nocase(word, classes[i].name))
			i++;
		if (i == ARRAY_COUNT(classes))
			log_fatal("bad parameter class \"%.*s\"; expected: builtin, service, user, all", VIEW_ARG(word));
		all |= classes[i].class;
	}
	return all;
}

static void
add_override(struct request *request, const char *text)
{
	if (request->override_count == OVERRIDES_MAX)
		log_fatal("more than %d times -o", OVERRIDES_MAX);
	request->overrides[request->override_count++] = text;
}

static void
read_option(struct request *request, int option)
{
	switch (option) {
	case 'a': case 'A': case 'b': case 't': set_once(&request->mode, option); break;
	case 'c': request->directory = optarg; break;
	case 'C': request->classes = read_classes(optarg); break;
	case 'd': request->defaults = true; break;
	case 'e': case 'X': case '#': set_once(&request->edit, option); break;
	case 'f': request->style.fold = true; break;
	case 'h': request->style.values_only = true; break;
	case 'H': request->style.names_only = true; break;
	case 'j': request->style.json = true; break;
	case 'l': case 'm': case 'M': case 'F': case 'P': case 'p': set_once(&request->mode, option); break;
	case 'n': request->set_only = true; break;
	case 'o': add_override(request, optarg); break;
	case 'q': request->quiet = true; break;
	case 'T': set_once(&request->mode, option); request->tls_fact = optarg; break;
	case 'v': log_set_verbose(log_verbose() + 1); break;
	case 'x': request->expand = true; break;
	default: log_fatal("%s", usage);
	}
}

/* What makes no sense together. */
static void
check_combinations(const struct request *request)
{
	static const struct {
		const char *these, *exclude;
	} exclusions[] = {
		{ "aAlmT", "defhHnoxX#" }, { "bt", "defhHnxX#" }, { "M", "dnhH" }, { "F", "dnX#" }, { "P", "dn#" }, { "eX#", "dfhHnox" }, { "d", "no" },
		{ "h", "H" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(exclusions); i++)
		for (const char *a = exclusions[i].these; *a != '\0'; a++)
			for (const char *b = exclusions[i].exclude; request->given[(unsigned char)*a] && *b != '\0'; b++)
				if (request->given[(unsigned char)*b])
					log_fatal("with option -%c, do not specify -%c", *a, *b);
	if (request->edit != 0 && request->names[0] == NULL)
		log_fatal("-%c needs at least one name", request->edit);
}

/* "name=value" says that something is to be edited. */
static void
find_edit(struct request *request)
{
	const char *first = request->names[0];

	if (request->edit == 0 && strchr("pMFP", request->mode) != NULL && first != NULL && strchr(first, '=') != NULL)
		request->edit = 'e';
	request->given['e'] |= request->edit == 'e';
}

static void
read_options(struct request *request, int argc, char **argv)
{
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "aAbc:C:defFhHjlmMno:pPqtT:vxX#")) != -1) {
		request->given[option] = true;
		read_option(request, option);
	}
	request->names = argv + optind;
	if (request->mode == 0)
		request->mode = 'p';
	find_edit(request);
	check_combinations(request);
}

/* -- showing main.cf ------------------------------------------------------------------------------------------------- */

struct show {
	const struct request *request;
	struct config *config;
};

static const char *
value_to_show(const struct show *show, const char *name)
{
	struct buf why = BUF_INIT;
	const char *value;

	if (!show->request->expand)
		return show->request->defaults ? config_default(show->config, name) : config_raw(show->config, name);
	if ((value = config_string_unchecked(show->config, name, &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
	return value;
}

static bool
directory_was_named(const struct request *request)
{
	return request->directory != NULL || getenv("MAIL_CONFIG") != NULL;
}

static void
show_name(const char *name, void *arg)
{
	const struct show *show = arg;
	const char *value;

	if (show->request->set_only && !config_is_set(show->config, name) &&
	    !(strcmp(name, "config_directory") == 0 && directory_was_named(show->request)))
		return;
	value = value_to_show(show, name);
	if (value != NULL)
		print_pair(&show->request->style, name, value);
}

static void
show_asked(const struct show *show, const struct known *known)
{
	for (char **name = show->request->names; *name != NULL; name++) {
		if (known_class(known, view_string(*name)) == 0)
			log_warn("%s: unknown parameter", *name);
		else
			show_name(*name, (void *)(uintptr_t)show);
	}
}

static void
apply_overrides(struct config *config, const struct request *request)
{
	struct buf why = BUF_INIT;
	struct view name, value;

	for (size_t i = 0; i < request->override_count; i++) {
		if (!main_cf_split(view_string(request->overrides[i]), &name, &value, &why))
			log_fatal("-o: %s", buf_c(&why));
		config_override(config, name, value);
	}
	buf_fini(&why);
}

static struct config *
load_main_cf(const struct request *request)
{
	struct buf why = BUF_INIT;
	struct config *config;

	/* Defaults stand on nothing; main.cf may be missing or broken. */
	config = request->defaults ? config_empty(request->directory) : config_load(request->directory, &why);
	if (config == NULL)
		log_fatal("%s", buf_c(&why));
	apply_overrides(config, request);
	buf_fini(&why);
	return config;
}

static struct master_cf *
load_master_cf(const char *directory, struct buf *why)
{
	struct buf path = BUF_INIT;
	struct master_cf *cf;

	buf_printf(&path, "%s/master.cf", directory);
	cf = master_cf_load_lines(buf_c(&path), why);
	buf_fini(&path);
	return cf;
}

/* Without master.cf nothing is known of services; that is no reason to show nothing. */
static struct master_cf *
services_or_warning(const struct config *config)
{
	struct buf why = BUF_INIT;
	struct master_cf *services = load_master_cf(config_directory(config), &why);

	if (services == NULL)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	return services;
}

static void
show_main_cf(const struct request *request)
{
	struct config *config = load_main_cf(request);
	struct master_cf *services = services_or_warning(config);
	struct known *known = known_new(config, services);
	struct show show = { request, config };
	unsigned classes = request->classes != 0 ? request->classes : EVERY_CLASS;

	if (request->names[0] != NULL)
		show_asked(&show, known);
	else
		known_each(known, classes, show_name, &show);
	fflush(stdout);
	if (!request->defaults && !request->quiet)
		check_configuration(config, services, known, true);
	known_free(known);
	master_cf_free(services);
	config_free(config);
}

/* -- the rest -------------------------------------------------------------------------------------------------------- */

static void
show_services(const struct request *request)
{
	struct config *config = load_main_cf(request);
	struct buf why = BUF_INIT;
	struct master_cf *services = load_master_cf(config_directory(config), &why);
	struct known *known;

	if (services == NULL)
		log_fatal("%s", buf_c(&why));
	services_print(services, request->mode, request->expand ? config : NULL, &request->style, request->names);
	fflush(stdout);
	if (!request->quiet) {
		known = known_new(config, services);
		check_configuration(config, services, known, false);
		known_free(known);
	}
	master_cf_free(services);
	config_free(config);
	buf_fini(&why);
}

/* Where modules are is said by main.cf; without one, where they were installed. */
static void
show_types(const struct request *request)
{
	struct config *config = config_load(request->directory, NULL);

	if (config == NULL)
		config = config_empty(request->directory);
	list_table_types(config);
	config_free(config);
}

static void
show_templates(const struct request *request)
{
	struct config *config = load_main_cf(request);

	if (request->names[0] != NULL && request->names[1] != NULL)
		log_fatal("%s", usage);
	list_templates(config, request->names[0], request->mode == 'b');
	config_free(config);
}

static void
show(const struct request *request)
{
	switch (request->mode) {
	case 'a': case 'A': list_sasl_types(request->mode == 'A'); break;
	case 'b': case 't': show_templates(request); break;
	case 'm': show_types(request); break;
	case 'l': list_lock_methods(); break;
	case 'T': list_tls(request->tls_fact); break;
	case 'p': show_main_cf(request); break;
	default: show_services(request); break;
	}
}

static void
edit(const struct request *request)
{
	const char *directory = config_directory_in_use(request->directory);
	enum edit_kind kind = request->edit == 'X' ? EDIT_REMOVE : request->edit == '#' ? EDIT_COMMENT : EDIT_SET;
	struct buf why = BUF_INIT;
	bool done;

	switch (request->mode) {
	case 'M': done = edit_services(directory, kind, request->names, &why); break;
	case 'F': done = edit_fields(directory, request->names, &why); break;
	case 'P': done = edit_options(directory, kind, request->names, &why); break;
	default: done = edit_main_cf(directory, kind, request->names, &why); break;
	}
	if (!done)
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

int
main(int argc, char **argv)
{
	struct request request = { 0 };

	log_retag("postconf");
	log_to_stderr(true);
	read_options(&request, argc, argv);
	if (request.edit != 0)
		edit(&request);
	else
		show(&request);
	if (fflush(stdout) != 0 || ferror(stdout))
		log_fatal("write error on standard output");
	return 0;
}

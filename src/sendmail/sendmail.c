/*
 * sendmail: the command that local programs submit mail with. It has no privilege: it turns options, addresses and text
 * into records and hands them to postdrop, or runs the program that does what was asked.
 */
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "sendmail/options.h"
#include "sendmail/submit.h"
#include "service/command.h"
#include "util/log/log.h"

static const struct binding bindings[] = {
	BIND_STRING(struct submit_config, command_directory, "command_directory"),
	BIND_STRING(struct submit_config, daemon_directory, "daemon_directory"),
	BIND_STRING(struct submit_config, fix_line_endings, "sendmail_fix_line_endings"),
	BIND_STRING(struct submit_config, verp_delimiters, "default_verp_delimiters"),
	BIND_STRING(struct submit_config, verp_filter, "verp_delimiter_filter"),
	BIND_STRING(struct submit_config, alias_database, "alias_database"),
	BIND_INT(struct submit_config, line_length_max, "line_length_limit"),
	BIND_INT(struct submit_config, header_size_max, "header_size_limit"),
	BIND_INT(struct submit_config, header_token_max, "header_address_token_limit"),
	BIND_END
};

static int
run(const char *directory, const char *program, const char *option, const char *value)
{
	struct buf path = BUF_INIT;
	char *argv[4] = { 0 };

	buf_printf(&path, "%s/%s", directory, program);
	argv[0] = mem_string(buf_c(&path));
	argv[1] = option != NULL ? mem_string(option) : NULL;
	argv[2] = value != NULL ? mem_string(value) : NULL;
	execv(argv[0], argv);
	log_fatal("cannot run %s: %m", argv[0]);
}

/* All databases in one run of postalias. */
static int
rebuild_aliases(const struct submit_config *config, const struct options *options)
{
	struct view rest = view_string(options->alias_map != NULL ? options->alias_map : config->alias_database), word;
	struct buf path = BUF_INIT;
	char **argv = mem_new_array(rest.len + 3, sizeof(*argv));
	size_t argc = 0;

	buf_printf(&path, "%s/postalias", config->command_directory);
	argv[argc++] = buf_detach(&path);
	argv[argc++] = mem_string("--");
	while (view_word(&rest, ", \t\r\n", &word)) {
		buf_putv(&path, word);
		argv[argc++] = buf_detach(&path);
	}
	if (argc == 2)
		return EX_OK;
	execv(argv[0], argv);
	log_fatal("cannot run %s: %m", argv[0]);
}

static int
do_mode(const struct submit_config *config, const struct options *options, char *const *recipients)
{
	switch (options->mode) {
	case MODE_SUBMIT:
	case MODE_VERIFY:
		return submit(config, options, recipients);
	case MODE_LIST:
		return run(config->command_directory, "postqueue", "-p", NULL);
	case MODE_FLUSH:
		return run(config->command_directory, "postqueue", "-f", NULL);
	case MODE_FLUSH_ID:
		return run(config->command_directory, "postqueue", "-i", options->flush_what);
	case MODE_FLUSH_SITE:
		return run(config->command_directory, "postqueue", "-s", options->flush_what);
	case MODE_ALIASES:
		return rebuild_aliases(config, options);
	case MODE_DAEMON:
		return run(config->command_directory, "postfix", "start", NULL);
	case MODE_SMTP:
		return run(config->daemon_directory, "smtpd", "-S", NULL);
	case MODE_IGNORE:
		return EX_OK;
	}
	return EX_SOFTWARE;
}

int
main(int argc, char **argv)
{
	struct submit_config settings;
	struct options options;
	struct config *config;
	int status;

	command_begin("sendmail");
	log_set_fatal_status(EX_TEMPFAIL);	/* callers try again whatever it was */
	signal(SIGPIPE, SIG_IGN);
	options_parse(argc, argv, &options);
	if (options.verbose > 1)
		log_set_verbose(options.verbose - 1);
	config = command_config(options.config_directory);
	command_bind(config, bindings, &settings);
	status = do_mode(&settings, &options, argv + optind);
	config_free(config);
	return status;
}

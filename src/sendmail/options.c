#include "sendmail/options.h"

#include <sys/stat.h>
#include <unistd.h>

#include "global/queue/envelope.h"
#include "util/log/log.h"
#include "util/text/chars.h"

static void __attribute__((noreturn))
usage(void)
{
	log_fatal("usage: sendmail [options] [recipient ...]");
}

static void __attribute__((noreturn))
unsupported(int option, const char *value)
{
	log_fatal("unsupported: -%c%s", option, value);
}

/* Others' -C names main.cf, ours may name its directory. The value is changed in place. */
static const char *
directory_of(char *path)
{
	char *name = strrchr(path, '/');
	struct stat st;

	if (stat(path, &st) == -1 || S_ISDIR(st.st_mode))
		return path;
	if (name == NULL)
		return ".";
	name[name == path] = '\0';
	return path;
}

/* -- options with values of their own ------------------------------------------------------------------------------ */

static void
set_mode(struct options *options, const char *value)
{
	static const struct { char letter; enum mode mode; } modes[] = {
		{ 'd', MODE_DAEMON }, { 'l', MODE_DAEMON }, { 'h', MODE_IGNORE }, { 'H', MODE_IGNORE }, { 'i', MODE_ALIASES },
		{ 'm', MODE_SUBMIT }, { 'p', MODE_LIST }, { 's', MODE_SMTP }, { 'v', MODE_VERIFY },
	};

	for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
		if (*value != modes[i].letter)
			continue;
		options->mode = modes[i].mode;
		return;
	}
	unsupported('b', value);
}

static void
set_flush(struct options *options, const char *value)
{
	if (value == NULL) {
		options->mode = MODE_FLUSH;
	} else if (*value == 'I' || *value == 'R') {
		if (value[1] == '\0')
			usage();
		options->mode = *value == 'I' ? MODE_FLUSH_ID : MODE_FLUSH_SITE;
		options->flush_what = value + 1;
	} else if (*value == 'S') {
		log_fatal("-qS: flush by sender is not implemented");
	} else if (options->mode == MODE_SUBMIT) {
		options->mode = MODE_IGNORE;	/* an interval is for daemons: ours has one of its own */
	}
}

static void
set_notify(struct options *options, const char *value)
{
	static const struct { const char *name; int flag; } names[] = {
		{ "never", DSN_NOTIFY_NEVER }, { "success", DSN_NOTIFY_SUCCESS }, { "failure", DSN_NOTIFY_FAILURE },
		{ "delay", DSN_NOTIFY_DELAY },
	};
	struct view rest = view_string(value), word;
	int notify = 0;

	while (view_word(&rest, ", \t", &word)) {
		int flag = 0;

		for (size_t i = 0; i < ARRAY_COUNT(names); i++)
			if (view_is_nocase(word, names[i].name))
				flag = names[i].flag;
		if (flag == 0)
			goto bad;
		notify |= flag;
	}
	if (notify != 0 && ((notify & DSN_NOTIFY_NEVER) == 0 || notify == DSN_NOTIFY_NEVER)) {
		options->notify = notify;
		return;
	}
bad:
	log_warn("bad -N option value: '%s' -- ignored", value);
}

static void
set_ret(struct options *options, const char *value)
{
	if (view_is_nocase(view_string(value), "full"))
		options->ret = DSN_RET_FULL;
	else if (view_is_nocase(view_string(value), "hdrs"))
		options->ret = DSN_RET_HDRS;
	else
		log_warn("bad -R option value: '%s' -- ignored", value);
}

static void
set_encoding(struct options *options, const char *value)
{
	if (view_is_nocase(view_string(value), "8BITMIME"))
		options->encoding = "8bit";
	else if (view_is_nocase(view_string(value), "7BIT"))
		options->encoding = "7bit";
	else
		log_fatal("-B option needs 8BITMIME or 7BIT");
}

/* Not xtext: that is how SMTP will carry it. */
static void
set_envelope_id(struct options *options, const char *value)
{
	enum { LENGTH_MAX = 100 };
	struct view id = view_string(value);
	bool good = id.len <= LENGTH_MAX;

	for (size_t i = 0; i < id.len && good; i++)
		good = char_is(id.data[i], CHAR_PRINT);
	if (good)
		options->envelope_id = value;
	else
		log_warn("bad -V option value: '%s' -- ignored", value);
}

/* -O requiretls=yes, -O smtputf8=no; other names belong to other programs. */
static void
set_named_option(struct options *options, const char *text)
{
	static const struct { const char *name; int flag; } names[] = {
		{ "requiretls", QUEUE_OPTION_REQUIRETLS }, { "smtputf8", QUEUE_OPTION_SMTPUTF8_REQUESTED },
	};
	struct view name, value;

	if (!view_split(view_string(text), '=', &name, &value))
		return;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (!view_is_nocase(name, names[i].name))
			continue;
		if (view_is_nocase(value, "yes"))
			options->queue_options |= names[i].flag;
		else if (view_is_nocase(value, "no"))
			options->queue_options &= ~(long long)names[i].flag;
		else
			log_warn("bad -O option: '%s' -- ignored", text);
	}
}

static void
set_letter_option(struct options *options, const char *value, char **argv)
{
	switch (*value) {
	case 'A':
		options->alias_map = value[1] != '\0' ? value + 1 : argv[optind];
		if (options->alias_map == NULL)
			usage();
		optind += value[1] == '\0';
		break;
	case 'i':
		options->dot_is_text = true;
		break;
	}
}

static void
set_verp(struct options *options, const char *value)
{
	if (*value != 'V')
		unsupported('X', value);
	options->verp = value + 1;
}

/* -- the letters --------------------------------------------------------------------------------------------------- */

/* Those that have their meaning in other programs, or had it once. */
static bool
is_ignored(int option)
{
	return strchr("AehLmpUx", option) != NULL;
}

static void
set_option(struct options *options, int option, char **argv)
{
	switch (option) {
	case 'B': set_encoding(options, optarg); break;
	case 'b': set_mode(options, optarg); break;
	case 'C': options->config_directory = directory_of(optarg); break;
	case 'F': options->full_name = optarg; break;
	case 'f':
	case 'r': options->sender = optarg; break;
	case 'G': options->remote = true; break;
	case 'I': options->mode = MODE_ALIASES; break;
	case 'i': options->dot_is_text = true; break;
	case 'N': set_notify(options, optarg); break;
	case 'n': log_fatal("-n option not supported");
	case 'O': set_named_option(options, optarg); break;
	case 'o': set_letter_option(options, optarg, argv); break;
	case 'q': set_flush(options, optarg); break;
	case 'R': set_ret(options, optarg); break;
	case 't': options->extract_recipients = true; break;
	case 'V': set_envelope_id(options, optarg); break;
	case 'v': options->verbose++; break;
	case 'X': set_verp(options, optarg); break;
	default:
		if (!is_ignored(option))
			usage();
	}
}

static enum mode
mode_by_name(const char *program)
{
	if (strcmp(program, "mailq") == 0)
		return MODE_LIST;
	return strcmp(program, "newaliases") == 0 ? MODE_ALIASES : MODE_SUBMIT;
}

/* Only mail has recipients. */
static void
check(const struct options *options, const char *first)
{
	static const char *const what[] = {
		[MODE_LIST] = "display queue mode", [MODE_ALIASES] = "alias initialization mode", [MODE_DAEMON] = "daemon mode",
		[MODE_SMTP] = "stand-alone mode", [MODE_FLUSH] = "flush queue mode", [MODE_FLUSH_ID] = "flush queue_id",
		[MODE_FLUSH_SITE] = "flush site", [MODE_IGNORE] = NULL,
	};

	if (options->extract_recipients && options->mode == MODE_VERIFY)
		log_fatal("-t option cannot be used with -bv");
	if (what[options->mode] == NULL)
		return;
	if (options->extract_recipients)
		log_fatal("-t can be used only in delivery mode");
	if (first != NULL)
		log_fatal("%s requires no recipient", what[options->mode]);
}

void
options_parse(int argc, char **argv, struct options *options)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	int option;

	*options = (struct options){ .mode = mode_by_name(slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "sendmail") };
	opterr = 0;
	while ((option = getopt(argc, argv, "+A:B:b:C:e:F:f:Gh:IiL:mN:nO:o:p:q::R:r:tUV:vX:x")) != -1)
		set_option(options, option, argv);
	check(options, argv[optind]);
}

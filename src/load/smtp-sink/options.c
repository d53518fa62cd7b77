#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "load/smtp-sink/smtp-sink.h"
#include "util/base/number.h"
#include "util/log/log.h"

static const char *const names[COMMANDS] = {
	[COMMAND_CONNECT] = "connect", [COMMAND_HELO] = "helo", [COMMAND_EHLO] = "ehlo", [COMMAND_LHLO] = "lhlo",
	[COMMAND_XCLIENT] = "xclient", [COMMAND_XFORWARD] = "xforward", [COMMAND_AUTH] = "auth", [COMMAND_MAIL] = "mail",
	[COMMAND_RCPT] = "rcpt", [COMMAND_DATA] = "data", [COMMAND_DOT] = ".", [COMMAND_RSET] = "rset",
	[COMMAND_NOOP] = "noop", [COMMAND_VRFY] = "vrfy", [COMMAND_QUIT] = "quit",
};

int
sink_command_named(struct view name)
{
	for (int i = 0; i < COMMANDS; i++) {
		if (view_is_nocase(name, names[i]))
			return i;
	}
	return -1;
}

static enum command
command_named(struct view name)
{
	int command = sink_command_named(name);

	if (command == -1)
		log_fatal("unknown command: %.*s", VIEW_ARG(name));
	return (enum command)command;
}

static void
behave(struct sink_options *options, const char *list, unsigned flag)
{
	struct view rest = view_string(list), word;

	while (view_word(&rest, ", \t\r\n", &word))
		options->behaviours[command_named(word)].flags |= flag;
}

static int
number(int option, const char *value, int min, int max)
{
	long long n;

	if (!number_parse(value, min, max, &n))
		log_fatal("option -%c: bad number: %s", option, value);
	return (int)n;
}

static int
seconds(int option, const char *value)
{
	return number(option, value, 0, INT32_MAX / 1000);
}

/* command ":" seconds [ ":" odds ] */
static void
delay(struct sink_options *options, const char *value)
{
	struct view name, rest, time, odds;
	struct behaviour *behaviour;
	unsigned long long n;

	if (!view_split(view_string(value), ':', &name, &rest))
		log_fatal("option -W: use command:delay or command:delay:odds, not %s", value);
	behaviour = &options->behaviours[command_named(name)];
	if (!view_split(rest, ':', &time, &odds)) {
		time = rest;
		odds = VIEW("0");
	}
	if (!view_number(time, &n) || n > INT32_MAX / 1000)
		log_fatal("option -W: bad delay: %s", value);
	behaviour->delay_sec = (int)n;
	if (!view_number(odds, &n) || n > 99)
		log_fatal("option -W: odds are 1 to 99: %s", value);
	behaviour->odds = (int)n;
}

static bool
announce_option(struct sink_options *options, int option)
{
	switch (option) {
	case '8': options->no_8bitmime = true; return true;
	case 'a': options->no_auth = true; return true;
	case 'C': options->no_xclient = true; return true;
	case 'e': options->no_esmtp = true; return true;
	case 'E': options->no_enhanced = true; return true;
	case 'F': options->no_xforward = true; return true;
	case 'L': options->lmtp = true; return true;
	case 'N': options->no_dsn = true; return true;
	case 'p': options->no_pipelining = true; return true;
	case 'P': options->pix = options->no_esmtp = true; return true;
	default: return false;
	}
}

static bool
command_option(struct sink_options *options, int option, const char *value)
{
	switch (option) {
	case 'f': behave(options, value, BEHAVIOUR_HARD); return true;
	case 'q': behave(options, value, BEHAVIOUR_DISCONNECT); return true;
	case 'Q': behave(options, value, BEHAVIOUR_GOODBYE); return true;
	case 'r': behave(options, value, BEHAVIOUR_SOFT); return true;
	case 's': behave(options, value, BEHAVIOUR_LOG); return true;
	case 'w': options->behaviours[COMMAND_DATA].delay_sec = seconds(option, value); return true;
	case 'W': delay(options, value); return true;
	default: return false;
	}
}

static bool
setting_option(struct sink_settings *settings, int option, const char *value)
{
	switch (option) {
	case '4':
	case '6': settings->family = place_family(option); return true;
	case 'c': settings->counter = true; return true;
	case 'm': settings->clients_max = number(option, value, 1, INT32_MAX); return true;
	case 'M': settings->messages_max = number(option, value, 1, INT32_MAX); return true;
	case 'n': settings->sessions_max = number(option, value, 1, INT32_MAX); return true;
	case 't': settings->timeout_sec = seconds(option, value); return true;
	case 'T': settings->window = number(option, value, 1, INT32_MAX); return true;
	default: return false;
	}
}

static void
other_option(struct sink_options *options, int option, const char *value)
{
	switch (option) {
	case 'A': options->abort_after_sec = seconds(option, value); break;
	case 'b': options->soft_reply = value; break;
	case 'B': options->hard_reply = value; break;
	case 'd': options->single_template = value; break;
	case 'D': options->multiple_template = value; break;
	case 'h': options->hostname = value; break;
	case 'H': options->data_pause_sec = seconds(option, value); break;
	case 'R': options->root = value; break;
	case 'S': options->start_text = value; break;
	case 'u': options->user = value; break;
	case 'v': log_set_verbose(log_verbose() + 1); break;
	default:
		log_fatal("usage: smtp-sink [-468aCcEeFLNPpv] [-A abort_delay] [-b soft_reply] [-B hard_reply]"
		    " [-d dump_template] [-D dump_template] [-f commands] [-h hostname] [-H delay] [-m max_connections]"
		    " [-M messages] [-n sessions] [-q commands] [-Q commands] [-r commands] [-R root] [-s commands]"
		    " [-S start_string] [-t timeout] [-T window] [-u user] [-w delay] [-W command:delay[:odds]]"
		    " [inet:][host]:port | unix:path backlog");
	}
}

void
sink_options_parse(struct sink_options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "468aA:b:B:cCd:D:eEf:Fh:H:Lm:M:n:NpPq:Q:r:R:s:S:t:T:u:vw:W:")) != -1) {
		if (!announce_option(options, option) && !command_option(options, option, optarg)
		    && !setting_option(&options->settings, option, optarg))
			other_option(options, option, optarg);
	}
	if (optind + 2 != argc)
		other_option(options, '?', NULL);
	if (options->single_template != NULL && options->multiple_template != NULL)
		log_fatal("use one of -d and -D");
}

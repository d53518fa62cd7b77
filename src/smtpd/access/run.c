/* run: evaluates lists, and makes verdicts and their log lines. */
#include "smtpd/access/internal.h"

#include <stdarg.h>

#include "global/maillog/maillog.h"
#include "util/log/log.h"
#include "util/text/encode.h"

enum { DEPTH_MAX = 20, TEXT_MAX = 510 };

static const char *const outcome_names[] = {
	[ACCESS_NEXT] = "next", [ACCESS_PERMIT] = "permit", [ACCESS_REFUSE] = "refuse",
};

static void
record(const struct access_run *run, const struct rule *rule, enum outcome outcome)
{
	char text[100];

	if (run->access->recorder == NULL)
		return;
	snprintf(text, sizeof(text), "%.*s", VIEW_ARG(rule->text));
	run->access->recorder(run->list, text, outcome_names[outcome], run->access->recorder_arg);
}

/* smtpd_log_access_permit_actions */
static void
log_permit(struct access_run *run, const struct rule *rule)
{
	if (run->access->logged_permits == NULL || rule->what->check == run_class
	    || match_list_string(run->access->logged_permits, rule->text) != LOOKUP_FOUND)
		return;
	log_access(run, "permit", arena_printf(run->arena, "action=%.*s for %s=%.*s", VIEW_ARG(rule->text),
	    subject_class(run->subject), VIEW_ARG(subject_name(run, run->subject))));
}

enum outcome
run_list(struct access_run *run, const struct rule_list *list)
{
	enum outcome outcome = ACCESS_NEXT;
	const char *outer = run->list;

	if (++run->depth > DEPTH_MAX) {
		log_warn("restriction lists are nested too deeply: %s", list->title);
		outcome = refuse_configuration(run);
	}
	run->list = list->title;
	for (size_t i = 0; i < list->count && outcome == ACCESS_NEXT; i++) {
		outcome = list->rules[i].what->check(run, &list->rules[i]);
		record(run, &list->rules[i], outcome);
		if (outcome == ACCESS_PERMIT)
			log_permit(run, &list->rules[i]);
		if (outcome == ACCESS_NEXT && run->if_permit.active && run->if_reject.active)
			outcome = refuse(run, run->if_permit.code, run->if_permit.dsn, "%.*s", VIEW_ARG(run->if_permit.text));
	}
	run->list = outer;
	run->depth--;
	return outcome;
}

void
log_access(struct access_run *run, const char *action, struct view text)
{
	const struct access_facts *facts = run->facts;
	struct maillog_smtp_event line = {
		.queue_id = facts->queue_id != NULL ? facts->queue_id(facts->arg) : VIEW_EMPTY,
		.action = action, .stage = facts->stage, .namaddr = buf_view(&facts->peer->namaddr), .text = text,
		.has_sender = facts->has_sender, .sender = facts->sender,
		.has_recipient = facts->has_recipient, .recipient = facts->recipient,
		.has_helo = facts->has_helo, .helo = facts->helo, .protocol = facts->protocol, .login = facts->login,
	};

	maillog_smtp_event(&line);
}

static void
set_verdict(struct access_verdict *verdict, int code, const char *dsn, struct view text)
{
	verdict->refused = true;
	verdict->table_failed = false;
	verdict->code = code;
	snprintf(verdict->dsn, sizeof(verdict->dsn), "%s", dsn);
	verdict->dsn[0] = (char)('0' + code / 100);
	buf_reset(&verdict->text);
	printable_put(&verdict->text, view_slice(text, 0, TEXT_MAX), ' ', true);
}

static enum outcome
refuse_text(struct access_run *run, int code, const char *dsn, struct view text)
{
	struct access_verdict *verdict = run->verdict;
	struct buf line = BUF_INIT;
	bool warn_only = run->warn_only;

	if (code < 400 || code > 599) {
		log_warn("bad reply code %d for \"%.*s\"", code, VIEW_ARG(text));
		code = 450;
		dsn = "4.7.1";
		text = VIEW("Service unavailable");
	}
	if (code >= 500 && run->if_reject.active && !warn_only) {
		code = run->if_reject.code;
		dsn = run->if_reject.dsn;
		text = run->if_reject.text;
	}
	set_verdict(verdict, code, dsn, text);
	buf_printf(&line, "%d %s %s", verdict->code, verdict->dsn, buf_c(&verdict->text));
	log_access(run, warn_only ? "reject_warning" : "reject", buf_view(&line));
	buf_fini(&line);
	run->warn_only = false;
	verdict->refused = !warn_only;
	return warn_only ? ACCESS_NEXT : ACCESS_REFUSE;
}

enum outcome
refuse(struct access_run *run, int code, const char *dsn, const char *format, ...)
{
	struct buf text = BUF_INIT;
	enum outcome outcome;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	outcome = refuse_text(run, code, dsn, buf_view(&text));
	buf_fini(&text);
	return outcome;
}

/* Troubles of our own are not softened by warn_if_reject. */
enum outcome
refuse_lookup(struct access_run *run, struct view what)
{
	run->warn_only = false;
	return refuse(run, 451, "4.3.0", "<%.*s>: Temporary lookup failure", VIEW_ARG(what));
}

enum outcome
refuse_configuration_for(struct access_run *run, enum subject subject)
{
	enum outcome outcome;

	run->warn_only = false;
	outcome = refuse(run, 451, "4.3.5", "<%.*s>: %s rejected: Server configuration error",
	    VIEW_ARG(subject_name(run, subject)), subject_class(subject));
	run->verdict->table_failed = true;
	return outcome;
}

enum outcome
refuse_maps(struct access_run *run, const struct maps *maps, enum subject subject)
{
	return maps_refused(maps) ? refuse_configuration_for(run, subject) : refuse_lookup(run, subject_name(run, subject));
}

enum outcome
refuse_configuration(struct access_run *run)
{
	enum outcome outcome = refuse_configuration_for(run, run->subject);

	run->verdict->table_failed = false;
	return outcome;
}

void
set_mark(struct access_mark *mark, struct arena *arena, int code, const char *dsn, struct view text)
{
	if (mark->active)
		return;
	mark->active = true;
	mark->code = code;
	snprintf(mark->dsn, sizeof(mark->dsn), "%s", dsn);
	mark->text = arena_view(arena, text);
}

enum outcome
defer_if_permit(struct access_run *run, const char *dsn, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	set_mark(&run->if_permit, run->arena, run->config->map_defer_code, dsn, buf_view(&text));
	buf_fini(&text);
	return ACCESS_NEXT;
}

/* basic: restrictions that any list may hold. */
#include <poll.h>

#include "smtpd/access/internal.h"
#include "util/log/log.h"

enum outcome
check_permit(struct access_run *run, const struct rule *rule)
{
	return ACCESS_PERMIT;
}

enum outcome
check_reject(struct access_run *run, const struct rule *rule)
{
	return refuse(run, run->config->reject_code, "5.7.1", "<%.*s>: %s rejected: Access denied",
	    VIEW_ARG(subject_name(run, run->subject)), subject_class(run->subject));
}

enum outcome
check_defer(struct access_run *run, const struct rule *rule)
{
	return refuse(run, run->config->defer_code, "4.3.2", "<%.*s>: %s rejected: Try again later",
	    VIEW_ARG(subject_name(run, run->subject)), subject_class(run->subject));
}

enum outcome
check_warn_if_reject(struct access_run *run, const struct rule *rule)
{
	run->warn_only = true;
	return ACCESS_NEXT;
}

enum outcome
check_defer_if_permit(struct access_run *run, const struct rule *rule)
{
	return defer_if_permit(run, "4.7.0", "<%.*s>: %s rejected: defer_if_permit requested",
	    VIEW_ARG(subject_name(run, run->subject)), subject_class(run->subject));
}

enum outcome
check_defer_if_reject(struct access_run *run, const struct rule *rule)
{
	struct view text = arena_printf(run->arena, "<%.*s>: %s rejected: defer_if_reject requested",
	    VIEW_ARG(subject_name(run, run->subject)), subject_class(run->subject));

	set_mark(&run->if_reject, run->arena, run->config->map_defer_code, "4.7.0", text);
	return ACCESS_NEXT;
}

enum outcome
check_pipelining(struct access_run *run, const struct rule *rule)
{
	if (!run->facts->pipelined)
		return ACCESS_NEXT;
	return refuse(run, 503, "5.5.0", "<%.*s>: %s rejected: Improper use of SMTP command pipelining",
	    VIEW_ARG(subject_name(run, run->subject)), subject_class(run->subject));
}

enum outcome
check_sleep(struct access_run *run, const struct rule *rule)
{
	enum { SLEEP_MAX_SEC = 30 };
	unsigned long long seconds;

	if (!view_number(rule->word, &seconds)) {
		log_warn("%s: sleep %.*s: a number of seconds is needed", run->list, VIEW_ARG(rule->word));
		return refuse_configuration(run);
	}
	poll(NULL, 0, (int)(seconds > SLEEP_MAX_SEC ? SLEEP_MAX_SEC : seconds) * 1000);
	return ACCESS_NEXT;
}

enum outcome
run_class(struct access_run *run, const struct rule *rule)
{
	return run_list(run, rule->list);
}

const struct restriction restriction_class = { "restriction class", run_class, TAKES_NOTHING, 1 };

static enum outcome
report_misconfiguration(struct access_run *run, const struct rule *rule)
{
	log_warn("%s: \"%.*s\" in %s", rule->broken, VIEW_ARG(rule->text), run->list);
	run->warn_only = false;
	return refuse(run, 451, "4.3.5", "Server configuration error");
}

const struct restriction restriction_misconfigured = { "misconfigured", report_misconfiguration, TAKES_NOTHING, 0 };

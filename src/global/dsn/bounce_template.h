/*
 * bounce_template: the words of notices (bounce_template_file). A file holds up to four templates, each as
 *
 *	failure_template = <<EOF
 *	Charset: us-ascii
 *	Subject: Undelivered Mail Returned to Sender
 *
 *	This is the mail system at host $myhostname.
 *	EOF
 *
 * and stands in for the built-in ones. Names in the text are expanded when it is used, headers are taken as they are.
 * A template with a fault is left out with a warning: a notice in our words is better than none.
 */
#ifndef GLOBAL_DSN_BOUNCE_TEMPLATE_H
#define GLOBAL_DSN_BOUNCE_TEMPLATE_H

#include "global/config/config.h"
#include "util/base/arena.h"

enum bounce_template_kind { TEMPLATE_FAILURE, TEMPLATE_DELAY, TEMPLATE_SUCCESS, TEMPLATE_VERIFY, TEMPLATE_COUNT };

#define BOUNCE_TEMPLATE_FROM	"Mail Delivery System <MAILER-DAEMON>"

struct bounce_template {
	const char *name;			/* "failure_template" */
	struct view charset, from, subject;
	struct view postmaster_subject;		/* "": there are no copies for the postmaster */
	struct view text;			/* lines, each with its LF */
};

struct bounce_templates {
	struct arena arena;
	struct bounce_template list[TEMPLATE_COUNT];
};

void	bounce_templates_init(struct bounce_templates *templates);		/* the built-in ones */
void	bounce_templates_fini(struct bounce_templates *templates);
/* Takes what is good in a file's text; path is for warnings. False when something was not. */
bool	bounce_templates_parse(struct bounce_templates *templates, struct view file, const char *path);

/*
 * The text with its names expanded. delay_warning_time and maximal_queue_lifetime may end in _seconds, _minutes, _hours,
 * _days or _weeks.
 */
bool	bounce_template_expand(const struct bounce_template *template, struct config *config, struct buf *out,
	    struct buf *why);
/* The template as it would stand in a file, with this text. */
void	bounce_template_put(struct buf *out, const struct bounce_template *template, struct view text);

#endif

#include "global/config/compatibility.h"

#include <stdarg.h>

#include "global/config/expand.h"
#include "global/config/param.h"
#include "util/log/log.h"

/* How the default of such a parameter begins: below the level that follows it is the first of two. */
#define DEPENDS_ON_LEVEL	"${{$compatibility_level} <level {"

bool
compatibility_below(struct config *config, const char *level)
{
	const char *text = config_string(config, "compatibility_level", NULL);
	int order;

	return text != NULL && compatibility_level_compare(view_string(text), view_string(level), &order) && order < 0;
}

bool
compatibility_old_default(struct config *config, const char *name)
{
	const struct param *param = param_find(view_string(name));
	struct view rest, level, behind;
	struct buf text = BUF_INIT;
	bool old = false;

	if (param == NULL || param->default_text == NULL || config_is_set(config, name))
		return false;
	rest = view_string(param->default_text);
	if (!view_starts(rest, VIEW(DEPENDS_ON_LEVEL)))
		return false;
	if (view_split(view_slice(rest, sizeof(DEPENDS_ON_LEVEL) - 1, rest.len), '}', &level, &behind)) {
		buf_putv(&text, level);
		old = compatibility_below(config, buf_c(&text));
	}
	buf_fini(&text);
	return old;
}

void
compatibility_log(const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	log_info("using backwards-compatible default setting %s", buf_c(&text));
	buf_fini(&text);
}

#include "postalias/alias_line.h"
#include "service/map_tool/tool.h"
#include "util/base/clock.h"
#include "util/log/log.h"
#include "util/text/encode.h"

static bool
store(const struct tool *tool, const struct source *source, struct view line, struct table *table, struct buf *why)
{
	struct buf name = BUF_INIT, values = BUF_INIT, problem = BUF_INIT;
	bool done = true;

	if (tool->env.utf8 && !utf8_valid(line))
		source_warn(source, "non-UTF-8 input \"%.*s\" -- ignoring this line", VIEW_ARG(line));
	else if (!alias_line_parse(line, &name, &values, &problem))
		source_warn(source, "%s", buf_c(&problem));
	else
		done = tool_put(tool, table, buf_view(&name), buf_view(&values), why);
	buf_fini(&problem);
	buf_fini(&values);
	buf_fini(&name);
	return done;
}

/* What readers of NIS and older mailers look for; their names are not folded. */
static bool
complete(const struct tool *tool, struct table *table, struct buf *why)
{
	const char *host = config_string(tool->config, "myhostname", why);
	struct buf now = BUF_INIT;
	bool done;

	if (host == NULL)
		return false;
	buf_putu(&now, (unsigned long long)clock_wall().tv_sec);
	done = table_update(table, VIEW("@"), VIEW("@"), why) &&
	    table_update(table, VIEW("YP_LAST_MODIFIED"), buf_view(&now), why) &&
	    table_update(table, VIEW("YP_MASTER_NAME"), view_string(host), why);
	buf_fini(&now);
	return done;
}

static const struct tool_kind postalias = {
	.name = "postalias",
	.usage = "postalias [-fijnNoprsuvw] [-c config_dir] [-d key] [-q key] [map_type:]file...",
	.options = "c:d:fijnNopq:rsuvw",
	.key_suffix = ":",
	.store = store,
	.complete = complete,
};

int
main(int argc, char **argv)
{
	return tool_main(&postalias, argc, argv);
}

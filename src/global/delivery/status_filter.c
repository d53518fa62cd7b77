#include "global/delivery/status_filter.h"

#include "global/config/tables.h"
#include "util/log/log.h"

static const char fallback_name[] = "default_delivery_status_filter";

bool
delivery_filter_open(struct config *config, struct maps **out, struct buf *why)
{
	const struct table_env *env = config_table_env(config, why);
	const char *program = config_string(config, "process_name", why), *title = fallback_name, *list;
	struct buf name = BUF_INIT;

	*out = NULL;
	buf_printf(&name, "%s_delivery_status_filter", program != NULL ? program : "");
	if (config_raw(config, buf_c(&name)) != NULL)
		title = buf_c(&name);
	list = config_string(config, title, why);
	if (env != NULL && list != NULL && *list != '\0')
		*out = maps_open(env, title, list, 0);
	buf_fini(&name);
	return env != NULL && list != NULL;
}

/* dsn-text = status SP text */
static bool
parse_answer(struct view answer, const struct dsn *dsn, struct dsn *out)
{
	char status[DSN_STATUS_SIZE];
	struct view text;

	if (!dsn_split(answer, status, &text) || view_empty(text)) {
		log_warn("delivery status filter: bad result \"%.*s\"", VIEW_ARG(answer));
		return false;
	}
	if ((status[0] == '2') != (dsn->status[0] == '2')) {
		log_warn("delivery status filter: \"%.*s\" would change what happened: %s", VIEW_ARG(answer), dsn->status);
		return false;
	}
	dsn_copy(out, dsn);
	memcpy(out->status, status, sizeof(out->status));
	buf_set(&out->text, text);
	return true;
}

bool
delivery_filter_apply(struct maps *filter, const struct dsn *dsn, struct dsn *out)
{
	struct buf key = BUF_INIT, answer = BUF_INIT;
	bool changed = false;

	if (filter == NULL)
		return false;
	buf_printf(&key, "%s %s", dsn->status, buf_c(&dsn->text));
	switch (maps_lookup(filter, buf_view(&key), false, &answer, NULL)) {
	case LOOKUP_FOUND:
		changed = parse_answer(buf_view(&answer), dsn, out);
		break;
	case LOOKUP_RETRY:
		changed = dsn->status[0] != '2';
		if (changed)
			dsn_set(out, "4.3.5", "delivery status filter lookup error");
		break;
	case LOOKUP_NONE:
		break;
	}
	buf_fini(&answer);
	buf_fini(&key);
	return changed;
}

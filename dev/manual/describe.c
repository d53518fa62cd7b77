#include "describe.h"

static const struct {
	const char *prefix, *twin;
	const char *whose;		/* of whom the twin is the parameter */
} twins[] = {
	{ "lmtp_lhlo_", "smtp_helo_", "The LMTP client's version of" },
	{ "lmtp_discard_lhlo_", "smtp_discard_ehlo_", "The LMTP client's version of" },
	{ "lmtp_", "smtp_", "The LMTP client's version of" },
	{ "tlsproxy_client_", "smtp_tls_", "What tlsproxy uses on connections to servers instead of" },
	{ "tlsproxy_client_", "smtp_", "What tlsproxy uses on connections to servers instead of" },
	{ "tlsproxy_tls_", "smtpd_tls_", "What tlsproxy uses on connections of clients instead of" },
	{ "tlsproxy_", "smtpd_", "What tlsproxy uses on connections of clients instead of" },
};

static const struct param *
twin(const struct param *param, const char **whose)
{
	for (size_t i = 0; i < ARRAY_COUNT(twins); i++) {
		struct view name = view_string(param->name), prefix = view_string(twins[i].prefix);
		struct buf other = BUF_INIT;
		const struct param *found;

		if (!view_starts(name, prefix))
			continue;
		buf_puts(&other, twins[i].twin);
		buf_putv(&other, view_slice(name, prefix.len, name.len));
		found = param_find(buf_view(&other));
		buf_fini(&other);
		*whose = twins[i].whose;
		if (found != NULL)
			return found;
	}
	return NULL;
}

const struct param *
describe_twin(const struct param *param)
{
	const char *whose;

	return twin(param, &whose);
}

/* -- pieces of mdoc -------------------------------------------------------------------------------------------------- */

/* Any text as one argument of a macro, or as a text line. */
static void
put_literal(const char *text, FILE *out)
{
	static const struct {
		char byte;
		const char *mdoc;
	} special[] = {
		{ '"', "\\(dq" }, { '\\', "\\e" }, { '-', "\\-" }, { '\'', "\\(aq" }, { '`', "\\(ga" }, { '^', "\\(ha" },
		{ '~', "\\(ti" },
	};

	fputs("\"\\&", out);
	for (; *text != '\0'; text++) {
		const char *mdoc = NULL;

		for (size_t i = 0; i < ARRAY_COUNT(special); i++)
			if (special[i].byte == *text)
				mdoc = special[i].mdoc;
		if (mdoc != NULL)
			fputs(mdoc, out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void
put_name(const struct param *param, FILE *out)
{
	if (param->per_transport)
		fprintf(out, "Ar transport Ns Cm %s", param->name + strlen("transport"));
	else
		fprintf(out, "Cm %s", param->name);
}

static void
put_item(const struct param *param, FILE *out)
{
	fputs(".It ", out);
	put_name(param, out);
	fputs(" Pq ", out);
	if (param->default_text == NULL)
		fputs("default: computed", out);
	else if (param->default_text[0] == '\0')
		fputs("default: empty", out);
	else {
		fputs("default: Li ", out);
		put_literal(param->default_text, out);
	}
	fputc('\n', out);
}

static const char *
type_text(enum param_type type)
{
	static const char *const texts[] = {
		[PARAM_STRING] = "A string", [PARAM_INT] = "A number", [PARAM_BOOL] = "yes or no", [PARAM_TIME] = "A time",
		[PARAM_LONG] = "A number", [PARAM_RAW] = "A string, expanded only when it is used",
		[PARAM_READ_ONLY] = "Cannot be changed", [PARAM_READ_ONLY_INT] = "Cannot be changed",
		[PARAM_LIST] = "A list", [PARAM_PATH] = "A path", [PARAM_TABLES] = "A list of lookup tables",
		[PARAM_RESTRICTIONS] = "A list of restrictions", [PARAM_CIPHER_GRADE] = "A cipher grade",
		[PARAM_TRACE_LEVEL] = "A TLS log level", [PARAM_CHARACTERS] = "A set of characters",
		[PARAM_KEYWORD] = "A keyword", [PARAM_TABLE_MODES] = "Keywords and lookup tables",
		[PARAM_RAW_CHARACTERS] = "A set of characters", [PARAM_RAW_PATH] = "A path, expanded only when it is used",
		[PARAM_RAW_COMMAND] = "A command, expanded only when it is used", [PARAM_BOOL_DERIVED] = "yes or no",
		[PARAM_INT_DERIVED] = "A number",
	};

	return texts[type];
}

static const char *
unit_text(char unit)
{
	switch (unit) {
	case 'm': return "minutes";
	case 'h': return "hours";
	case 'd': return "days";
	case 'w': return "weeks";
	default: return "seconds";
	}
}

static bool
is_quantity(const struct param *param)
{
	return param->type == PARAM_INT || param->type == PARAM_INT_DERIVED || param->type == PARAM_LONG ||
	    param->type == PARAM_TIME;
}

/* Bounds of texts are their lengths, where only "not empty" is worth a word. */
static void
put_bounds(const struct param *param, FILE *out)
{
	if (!is_quantity(param) && param->max > 0 && param->min == param->max)
		fprintf(out, ", %lld characters", param->max);
	else if (!is_quantity(param) && param->max > 0)
		fprintf(out, ", %lld to %lld characters", param->min, param->max);
	else if (!is_quantity(param))
		fputs(param->min > 0 ? ", not empty" : "", out);
	else if (param->min != 0 && param->max != 0)
		fprintf(out, ", %lld to %lld", param->min, param->max);
	else if (param->min != 0)
		fprintf(out, ", at least %lld", param->min);
	else if (param->max != 0)
		fprintf(out, ", at most %lld", param->max);
}

static void
put_type(const struct param *param, FILE *out)
{
	fprintf(out, ".Pp\n%s", type_text(param->type));
	put_bounds(param, out);
	if (param->type == PARAM_TIME)
		fprintf(out, "; a bare number counts %s", unit_text(param->unit));
	fputs(".\n", out);
}

static void
put_programs(struct view list, FILE *out)
{
	struct view name, section;
	const char *comma = ".Pq ";

	while (texts_program(&list, &name, &section)) {
		if (view_empty(section))
			fprintf(out, "%sall %.*s", comma, VIEW_ARG(view_is(name, "all") ? VIEW("programs") : name));
		else
			fprintf(out, "%sXr %.*s %.*s", comma, VIEW_ARG(name), VIEW_ARG(section));
		comma = " , ";
	}
	fputc('\n', out);
}

/* -- lists ----------------------------------------------------------------------------------------------------------- */

static void
describe_one(const struct texts *texts, const struct param *param, FILE *out)
{
	const struct text *text = texts_find(texts, view_string(param->name));
	const struct param *other;
	const char *whose;

	put_item(param, out);
	if (text != NULL) {
		fprintf(out, "%.*s", VIEW_ARG(text->body));
		put_type(param, out);
		put_programs(text->programs, out);
	} else if ((other = twin(param, &whose)) != NULL) {
		fprintf(out, "%s\n.Cm %s .\n", whose, other->name);
	} else {
		put_type(param, out);
	}
}

void
describe_all(const struct texts *texts, FILE *out)
{
	const struct param *param;

	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; (param = param_at(i)) != NULL; i++)
		describe_one(texts, param, out);
	fputs(".El\n", out);
}

/* A page does not refer to itself: .Xr smtp 8 is .Nm in smtp.8. */
static void
put_summary(struct view summary, struct view name, struct view section, FILE *out)
{
	struct buf self = BUF_INIT;
	struct view line;
	bool more = true;

	buf_printf(&self, ".Xr %.*s %.*s", VIEW_ARG(name), VIEW_ARG(section));
	while (more && summary.len > 0) {
		more = view_split(summary, '\n', &line, &summary);
		if (!view_starts(line, buf_view(&self)))
			fprintf(out, "%.*s\n", VIEW_ARG(line));
		else
			fprintf(out, ".Nm%.*s\n", VIEW_ARG(view_slice(line, self.len, line.len)));
	}
	buf_fini(&self);
}

void
describe_program(const struct texts *texts, struct view name, struct view section, FILE *out)
{
	const struct param *param;
	size_t count = 0;

	for (size_t i = 0; (param = param_at(i)) != NULL; i++) {
		const struct text *text = texts_find(texts, view_string(param->name));

		if (text == NULL || !text_names_program(text, name, section))
			continue;
		fputs(count++ == 0 ? ".Bl -tag -width Ds\n" : "", out);
		put_item(param, out);
		put_summary(text->summary, name, section, out);
	}
	fputs(count > 0 ? ".El\n" : "only those that others read, too.\n", out);
}

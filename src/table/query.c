#include "table/query.h"

#include "util/text/encode.h"

/* -- templates -------------------------------------------------------------------------------------------------------- */

bool
query_check(const struct query *query, const char *name, const char *template, struct buf *why)
{
	for (const char *at = template; (at = strchr(at, '%')) != NULL; at += 2) {
		if (at[1] != '\0' && strchr("%sSuUdD123456789", at[1]) != NULL)
			continue;
		why_set(why, "%s: %s: \"%.2s\" is no expansion in \"%s\"", query->title, name, at, template);
		return false;
	}
	return true;
}

static struct view
domain_of(struct view address)
{
	struct view local, domain;

	return view_rsplit(address, '@', &local, &domain) ? domain : VIEW_EMPTY;
}

/* Without a domain all of it is local. */
static struct view
local_of(struct view address)
{
	struct view local, domain;

	return view_rsplit(address, '@', &local, &domain) ? local : address;
}

/* The n-th label from the right. */
static struct view
label_of(struct view domain, int n)
{
	struct view rest = domain, label = VIEW_EMPTY;

	for (int i = 0; i < n; i++) {
		if (rest.len == 0)
			return VIEW_EMPTY;
		label = rest;
		if (!view_rsplit(label, '.', &rest, &label))
			rest = VIEW_EMPTY;
	}
	return label;
}

/* What a letter stands for; a small one speaks of text, all others of the key. Empty: there is no such thing. */
static struct view
meaning(char letter, struct view key, struct view text)
{
	switch (letter) {
	case 's':
		return text;
	case 'u':
		return local_of(text);
	case 'd':
		return domain_of(text);
	case 'S':
		return key;
	case 'U':
		return local_of(key);
	case 'D':
		return domain_of(key);
	default:
		return label_of(domain_of(key), letter - '0');
	}
}

static bool
put_quoted(struct view text, query_quote *quote, void *arg, struct buf *out)
{
	if (quote != NULL)
		return quote(arg, text, out);
	buf_putv(out, text);
	return true;
}

static enum lookup
expand(const char *template, struct view key, struct view text, query_quote *quote, void *arg, struct buf *out)
{
	for (const char *at = template; *at != '\0'; at++) {
		struct view part;

		if (*at != '%' || at[1] == '%') {
			at += *at == '%';
			buf_putc(out, *at);
			continue;
		}
		part = meaning(*++at, key, text);
		if (part.len == 0)
			return LOOKUP_NONE;
		if (!put_quoted(part, quote, arg, out))
			return LOOKUP_RETRY;
	}
	return LOOKUP_FOUND;
}

enum lookup
query_expand(const char *template, struct view key, query_quote *quote, void *arg, struct buf *out)
{
	return expand(template, key, key, quote, arg, out);
}

/* -- what all these tables have --------------------------------------------------------------------------------------- */

bool
query_open(struct query *query, const struct table_env *env, struct settings *settings, struct buf *why)
{
	const char *domain = settings_text(settings, "domain", "");

	*query = (struct query){
		.title = settings_title(settings),
		.result_format = settings_text(settings, "result_format", NULL),
	};
	if (query->result_format == NULL)	/* its name of long ago */
		query->result_format = settings_text(settings, "result_filter", "%s");
	if (!query_check(query, "result_format", query->result_format, why) ||
	    !settings_number(settings, "expansion_limit", 0, INT32_MAX, 0, &query->expansion_limit, why))
		return false;
	if (view_trim(view_string(domain)).len > 0)
		query->domains = match_list_open(env, query->title, domain, 0);
	return true;
}

void
query_close(struct query *query)
{
	if (query->domains != NULL)
		match_list_close(query->domains);
	query->domains = NULL;
}

/* Does the key have what the results are made with? Then the server need not be asked. */
static bool
can_format(const struct query *query, struct view key)
{
	for (const char *at = query->result_format; (at = strchr(at, '%')) != NULL; at += 2)
		if (strchr("%sud", at[1]) == NULL && meaning(at[1], key, key).len == 0)
			return false;
	return true;
}

enum lookup
query_eligible(const struct query *query, struct view key, struct buf *why)
{
	struct view local, domain;
	enum lookup listed;

	if (key.len == 0 || view_find(key, '\0') != -1 || !utf8_valid(key) || !can_format(query, key))
		return LOOKUP_NONE;
	if (query->domains == NULL)
		return LOOKUP_FOUND;
	if (!view_rsplit(key, '@', &local, &domain) || local.len == 0 || domain.len == 0)
		return LOOKUP_NONE;
	listed = match_list_string(query->domains, domain);
	if (listed == LOOKUP_RETRY)
		why_set(why, "%s: its list of domains could not be asked", query->title);
	return listed;
}

void
query_begin(struct query_results *results, const struct query *query, struct view key, struct buf *value)
{
	*results = (struct query_results){ query, key, value, 0 };
	buf_reset(value);
}

bool
query_add(struct query_results *results, struct view text)
{
	struct buf *value = results->value;
	size_t before = value->len;

	if (results->count < 0 || text.len == 0)
		return results->count >= 0;
	if (results->count > 0)
		buf_putc(value, ',');
	if (expand(results->query->result_format, results->key, text, NULL, NULL, value) != LOOKUP_FOUND) {
		buf_truncate(value, before);
		return true;
	}
	if (results->query->expansion_limit > 0 && results->count >= results->query->expansion_limit)
		results->count = -1;
	else
		results->count++;
	return results->count >= 0;
}

enum lookup
query_end(const struct query_results *results, struct buf *why)
{
	if (results->count < 0) {
		why_set(why, "%s: expansion limit of %d results exceeded for key \"%.*s\"", results->query->title,
		    results->query->expansion_limit, VIEW_ARG(results->key));
		return LOOKUP_RETRY;
	}
	return results->value->len > 0 ? LOOKUP_FOUND : LOOKUP_NONE;
}

/* masquerade: host names below a domain are hidden: user@host.example.com is user@example.com. */
#include "cleanup/message.h"
#include "global/address/address.h"

static bool
listed(const char *list, struct view name)
{
	struct view rest = view_string(list), word;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_equal_nocase(word, name))
			return true;
	return false;
}

/* Is domain a name below parent? */
static bool
is_below(struct view domain, struct view parent)
{
	return domain.len > parent.len + 1 && view_ends_nocase(domain, parent) && domain.data[domain.len - parent.len - 1] == '.';
}

void
masquerade(const struct cleanup_config *config, struct buf *address)
{
	struct view rest = view_string(config->masquerade_domains), word, local, domain;

	if (!address_split(buf_view(address), &local, &domain) || listed(config->masquerade_exceptions, local))
		return;
	while (view_word(&rest, ", \t\r\n", &word)) {
		bool keep = word.data[0] == '!';
		struct view parent = view_slice(word, keep ? 1 : 0, word.len);

		if (!is_below(domain, parent) && !view_equal_nocase(domain, parent))
			continue;
		if (!keep && is_below(domain, parent)) {
			buf_truncate(address, local.len + 1);
			buf_putv(address, parent);
		}
		return;
	}
}

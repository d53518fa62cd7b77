#include "util/net/known_ports.h"
#include "util/net/endpoint.h"
#include "util/text/buf.h"

static bool
port_number(struct view text, uint16_t *port)
{
	unsigned long long n;

	if (!view_number(text, &n) || n == 0 || n > UINT16_MAX)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* item = 1*(name "=") number */
static bool
item_names(struct view item, struct view name, uint16_t *port)
{
	struct view names, number, one;
	bool named = false;

	if (!view_rsplit(item, '=', &names, &number))
		return false;
	while (view_word(&names, "= \t\r\n", &one))
		named |= view_equal(one, name);
	return named && port_number(view_trim(number), port);
}

static bool
system_port(struct view name, uint16_t *port)
{
	struct buf text = BUF_INIT;
	bool found;

	buf_set(&text, name);
	found = name.len > 0 && inet_port(buf_c(&text), port) && *port != 0;
	buf_fini(&text);
	return found;
}

bool
known_port(struct view list, struct view name, uint16_t *port)
{
	struct view item;

	if (port_number(name, port))
		return true;
	while (view_word(&list, ",", &item))
		if (item_names(item, name, port))
			return true;
	return system_port(name, port);
}

#include "service/process_settings.h"

#include <string.h>

#include "global/address/address.h"
#include "global/client/call.h"
#include "global/maillog/maillog.h"
#include "util/net/endpoint.h"
#include "util/process/process.h"

struct settings {
	const char *address_format;
	bool transitional;
	int tcp_window, fork_attempts, fork_delay_sec, ipc_idle_sec, ipc_ttl_sec;
};

static const struct binding bindings[] = {
	BIND_STRING(struct settings, address_format, "info_log_address_format"),
	BIND_BOOL(struct settings, transitional, "enable_idna2003_compatibility"),
	BIND_INT(struct settings, tcp_window, "tcp_windowsize"),
	BIND_INT(struct settings, fork_attempts, "fork_attempts"),
	BIND_TIME(struct settings, fork_delay_sec, "fork_delay"),
	BIND_TIME(struct settings, ipc_idle_sec, "ipc_idle"),
	BIND_TIME(struct settings, ipc_ttl_sec, "ipc_ttl"),
	BIND_END
};

static bool
apply_address_format(const char *format, struct buf *why)
{
	bool internal = strcmp(format, "internal") == 0;

	if (!internal && strcmp(format, "external") != 0) {
		why_set(why, "info_log_address_format = %s: use external or internal", format);
		return false;
	}
	maillog_show_internal(internal);
	return true;
}

bool
process_settings_apply(struct config *config, struct buf *why)
{
	struct settings settings;

	if (!config_bind(config, bindings, &settings, why) || !apply_address_format(settings.address_format, why))
		return false;
	domain_set_transitional(settings.transitional);
	inet_set_window(settings.tcp_window);
	process_set_fork_attempts(settings.fork_attempts, (msec_t)settings.fork_delay_sec * 1000);
	callers_set_limits((msec_t)settings.ipc_idle_sec * 1000, (msec_t)settings.ipc_ttl_sec * 1000);
	return true;
}

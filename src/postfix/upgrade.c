/*
 * postfix upgrade-configuration: master.cf of an older release gets the services that this one needs. What is there
 * stays as it is; doing it twice changes nothing.
 */
#include "global/config/master_cf.h"
#include "global/config/param.h"
#include "postfix/run.h"
#include "util/log/log.h"

/* Behind name and type: private, unprivileged, chroot, wakeup, process limit, command. */
static const struct needed {
	const char *name, *type, *rest;
} needed[] = {
	{ "pickup",	"unix",		"n - n 60 1 pickup" },
	{ "cleanup",	"unix",		"n - n - 0 cleanup" },
	{ "qmgr",	"unix",		"n - n 300 1 qmgr" },
	{ "tlsmgr",	"unix",		"- - n 1000? 1 tlsmgr" },
	{ "rewrite",	"unix",		"- - n - - trivial-rewrite" },
	{ "bounce",	"unix",		"- - n - 0 bounce" },
	{ "defer",	"unix",		"- - n - 0 bounce" },
	{ "trace",	"unix",		"- - n - 0 bounce" },
	{ "verify",	"unix",		"- - n - 1 verify" },
	{ "flush",	"unix",		"n - n 1000? 0 flush" },
	{ "proxymap",	"unix",		"- - n - - proxymap" },
	{ "proxywrite",	"unix",		"- - n - 1 proxymap" },
	{ "smtp",	"unix",		"- - n - - smtp" },
	{ "relay",	"unix",		"- - n - - smtp -o syslog_name=${multi_instance_name?{$multi_instance_name}:{postfix}}/$service_name" },
	{ "showq",	"unix",		"n - n - - showq" },
	{ "error",	"unix",		"- - n - - error" },
	{ "retry",	"unix",		"- - n - - error" },
	{ "discard",	"unix",		"- - n - - discard" },
	{ "local",	"unix",		"- n n - - local" },
	{ "virtual",	"unix",		"- n n - - virtual" },
	{ "lmtp",	"unix",		"- - n - - lmtp" },
	{ "anvil",	"unix",		"- - n - 1 anvil" },
	{ "scache",	"unix",		"- - n - 1 scache" },
	{ "postlog",	"unix-dgram",	"n - n - 1 postlogd" },
};

/* Local endpoints were named pipes in the past; either kind is reachable by its name. */
static bool
is_there(const struct master_cf *table, const struct needed *service)
{
	LIST_FOREACH(entry, &table->entries, struct master_entry, link)
		if (strcmp(entry->name, service->name) == 0 && entry->type != MASTER_INET && entry->type != MASTER_PASS)
			return true;
	return false;
}

static int
add_service(const struct control *control, const struct needed *service)
{
	struct buf text = BUF_INIT;
	const char *arguments[] = { "-M", "-e", NULL, NULL };
	int status;

	log_info("editing %s/master.cf: adding the service %s/%s", config_directory(control->config), service->name,
	    service->type);
	buf_printf(&text, "%s/%s=%s %s %s", service->name, service->type, service->name, service->type, service->rest);
	arguments[2] = buf_c(&text);
	status = run_postconf(control, arguments);
	buf_fini(&text);
	return status;
}

/* The name that the queue manager had while there were two. */
static int
rename_nqmgr(const struct control *control, const struct master_entry *entry)
{
	struct buf text = BUF_INIT;
	const char *arguments[] = { "-F", "-e", NULL, NULL };
	int status;

	if (strcmp(entry->command, "nqmgr") != 0)
		return 0;
	log_info("editing %s/master.cf: nqmgr is called qmgr now", config_directory(control->config));
	buf_printf(&text, "%s/%s/command=qmgr", entry->name, master_type_name(entry->type));
	arguments[2] = buf_c(&text);
	status = run_postconf(control, arguments);
	buf_fini(&text);
	return status;
}

static struct master_cf *
load_services(const struct control *control)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct master_cf *table;

	buf_printf(&path, "%s/master.cf", config_directory(control->config));
	if ((table = master_cf_load(buf_c(&path), &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	buf_fini(&path);
	return table;
}

/* name=value behind the command: where an installation has its files; main.cf shall say so. */
static int
set_given(const struct control *control)
{
	const char *arguments[] = { "-e", NULL, NULL };
	int status = 0;

	for (char **each = control->arguments; *each != NULL; each++) {
		arguments[1] = *each;
		status |= run_postconf(control, arguments);
	}
	return status;
}

int
control_upgrade(struct control *control)
{
	struct master_cf *table = load_services(control);
	int status = set_given(control);

	LIST_FOREACH(entry, &table->entries, struct master_entry, link)
		status |= rename_nqmgr(control, entry);
	for (size_t i = 0; i < ARRAY_COUNT(needed); i++)
		if (!is_there(table, &needed[i]))
			status |= add_service(control, &needed[i]);
	master_cf_free(table);
	return status;
}

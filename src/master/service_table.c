#include "master/child.h"
#include "master/listen.h"
#include "master/service_entry.h"
#include "master/service_table.h"
#include "master/status.h"
#include "master/wakeup.h"
#include "util/log/log.h"

static struct service_entry *
find(struct list *services, const char *endpoint)
{
	LIST_FOREACH(service, services, struct service_entry, link)
		if (strcmp(service->endpoint, endpoint) == 0)
			return service;
	return NULL;
}

static void
free_all(struct list *services)
{
	LIST_FOREACH_SAFE(service, after, services, struct service_entry, link) {
		list_remove(&service->link);
		service_entry_free(service);
	}
}

/* -- what is listed in master_service_disable: "inet", "smtp/inet", "!submission/inet", the first that fits ---------- */

static bool
pattern_fits(struct view pattern, const struct master_entry *line)
{
	struct view name, type;

	if (!view_rsplit(pattern, '/', &name, &type))
		return view_is_nocase(pattern, master_type_name(line->type));
	return view_is_nocase(type, master_type_name(line->type)) &&
	    (view_is(name, "*") || view_is(name, line->name));
}

static bool
is_disabled(const char *disable_list, const struct master_entry *line)
{
	struct view rest = view_string(disable_list), word;

	while (view_word(&rest, " \t\r\n,", &word)) {
		bool except = word.len > 0 && word.data[0] == '!';

		if (pattern_fits(view_slice(word, except, word.len), line))
			return !except;
	}
	return false;
}

/* -- building -------------------------------------------------------------------------------------------------------- */

/* The later of two lines for one endpoint is the one meant. */
static bool
add_line(struct supervisor *master, struct list *fresh, const struct master_entry *line, struct buf *why)
{
	struct service_entry *service = service_entry_new(master, line, why), *earlier;

	if (service == NULL)
		return false;
	if ((earlier = find(fresh, service->endpoint)) != NULL) {
		list_remove(&earlier->link);
		service_entry_free(earlier);
	}
	list_append(fresh, &service->link);
	return true;
}

static bool
add_lines(struct supervisor *master, struct list *fresh, const struct master_cf *cf, struct buf *why)
{
	LIST_FOREACH(line, &cf->entries, struct master_entry, link)
		if (!is_disabled(master->settings.service_disable, line) && !add_line(master, fresh, line, why))
			return false;
	return true;
}

static bool
open_new_ones(struct supervisor *master, struct list *fresh, struct buf *why)
{
	LIST_FOREACH(service, fresh, struct service_entry, link)
		if (find(&master->services, service->endpoint) == NULL && !listen_open(service, why))
			return false;
	return true;
}

static void
warn_chroot(const struct master_entry *line, void *path)
{
	log_info("%s: line %d: using backwards-compatible default setting chroot=y", (const char *)path, line->line);
}

static bool
build(struct supervisor *master, struct list *fresh, struct buf *why)
{
	struct buf path = BUF_INIT;
	struct master_cf *cf;
	bool good;

	buf_printf(&path, "%s/master.cf", config_directory(master->config));
	cf = master_cf_load(buf_c(&path), why);
	if (cf != NULL)
		master_cf_set_chroot(cf, master->config, warn_chroot, path.data);
	good = cf != NULL && add_lines(master, fresh, cf, why) && open_new_ones(master, fresh, why);
	if (cf != NULL)
		master_cf_free(cf);
	buf_fini(&path);
	return good;
}

/* -- taking over ----------------------------------------------------------------------------------------------------- */

static void
remove_unlisted(struct supervisor *master)
{
	LIST_FOREACH_SAFE(service, after, &master->services, struct service_entry, link)
		if (!service->listed)
			service_entry_remove(service);
}

static void
take_over(struct supervisor *master, struct list *fresh)
{
	struct service_entry *known;

	LIST_FOREACH(service, &master->services, struct service_entry, link)
		service->listed = false;
	LIST_FOREACH_SAFE(service, after, fresh, struct service_entry, link) {
		list_remove(&service->link);
		if ((known = find(&master->services, service->endpoint)) == NULL) {
			list_append(&master->services, &service->link);
			known = service;
		} else {
			service_entry_replace(known, service);
		}
		known->listed = true;
	}
	remove_unlisted(master);
}

bool
service_table_load(struct supervisor *master, struct buf *why)
{
	struct list fresh = LIST_INIT(fresh);

	if (!build(master, &fresh, why)) {
		free_all(&fresh);
		return false;
	}
	take_over(master, &fresh);
	return true;
}

/* The change of the status pipe is what tells the processes of before to leave. */
void
service_table_start(struct supervisor *master)
{
	master->reloaded = master->generation;
	LIST_FOREACH(service, &master->services, struct service_entry, link) {
		service->throttled = false;
		loop_timer_stop(&service->throttle_timer);
		service_entry_retire(service);
		service_entry_watch(service);
		wakeup_init(service);
	}
}

void
service_table_kill(struct supervisor *master, int signal_number)
{
	LIST_FOREACH(service, &master->services, struct service_entry, link)
		child_kill_all(service, signal_number);
}

#include "postmulti/instances.h"

#include "util/log/log.h"

const char *
instance_setting(const struct instance *instance, const char *name)
{
	struct buf why = BUF_INIT;
	const char *value = config_string(instance->config, name, &why);

	if (value == NULL)
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
	return value;
}

static void
add(struct instances *all, struct view directory)
{
	struct instance *each;
	struct buf text = BUF_INIT, why = BUF_INIT;

	all->list = mem_resize(all->list, (all->count + 1) * sizeof(*all->list));
	each = &all->list[all->count];
	buf_putv(&text, directory);
	*each = (struct instance){ .directory = buf_detach(&text), .primary = all->count == 0 };
	if ((each->config = config_load(each->directory, &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	each->name = instance_setting(each, "multi_instance_name");
	each->group = instance_setting(each, "multi_instance_group");
	if (!config_bool(each->config, "multi_instance_enable", &each->enabled, &why))
		log_fatal("%s", buf_c(&why));
	all->count++;
	buf_fini(&why);
}

void
instances_load(struct instances *instances)
{
	struct view rest, word;

	*instances = (struct instances){ 0 };
	add(instances, view_string(config_directory_in_use(NULL)));
	rest = view_string(instance_setting(&instances->list[0], "multi_instance_directories"));
	while (view_word(&rest, ", \t\r\n", &word))
		add(instances, word);
	if (instances->count == 1)	/* the switch is for one of several */
		instances->list[0].enabled = true;
}

void
instances_free(struct instances *instances)
{
	for (size_t i = 0; i < instances->count; i++) {
		config_free(instances->list[i].config);
		mem_free(instances->list[i].directory);
	}
	mem_free(instances->list);
}

struct instance *
instances_find(struct instances *instances, const char *name)
{
	for (size_t i = 0; i < instances->count; i++) {
		struct instance *each = &instances->list[i];

		if (strcmp(each->name, name) == 0 || (each->primary && strcmp(name, "-") == 0))
			return each;
	}
	return NULL;
}

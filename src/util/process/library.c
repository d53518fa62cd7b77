#include "util/process/library.h"

#include <dlfcn.h>
#include <string.h>

static bool
is_loaded(const struct library_function *function)
{
	void *address;

	memcpy(&address, function->pointer, sizeof(address));
	return address != NULL;
}

static bool
has_all(void *library, const char *file, const struct library_function *functions, struct buf *why)
{
	for (; functions->name != NULL; functions++) {
		if (dlsym(library, functions->name) != NULL)
			continue;
		why_set(why, "%s has no %s", file, functions->name);
		return false;
	}
	return true;
}

bool
library_load(const char *file, const struct library_function *functions, struct buf *why)
{
	void *library, *address;

	if (is_loaded(functions))
		return true;
	if ((library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) == NULL) {
		why_set(why, "%s", dlerror());
		return false;
	}
	if (!has_all(library, file, functions, why)) {
		dlclose(library);
		return false;
	}
	for (; functions->name != NULL; functions++) {
		address = dlsym(library, functions->name);
		memcpy(functions->pointer, &address, sizeof(address));
	}
	return true;
}

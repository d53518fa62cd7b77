#include "postconf/lists.h"

#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "global/client/proxy.h"
#include "global/config/tables.h"
#include "global/dsn/bounce_template.h"
#include "table/table.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/process/library.h"

#ifdef HAVE_TLS
#include <openssl/crypto.h>
#include <openssl/evp.h>
#endif

/* -- names ----------------------------------------------------------------------------------------------------------- */

struct names {
	char **list;
	size_t count;
};

static void
add_name(const char *name, void *arg)
{
	struct names *names = arg;

	names->list = mem_resize(names->list, (names->count + 1) * sizeof(*names->list));
	names->list[names->count++] = mem_string(name);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
list_table_types(struct config *config)
{
	struct names names = { 0 };
	struct buf why = BUF_INIT;
	const struct table_env *env = config_table_env(config, &why);

	if (env == NULL)
		log_fatal("%s", buf_c(&why));
	proxy_register();
	table_each_type(env, add_name, &names);
	qsort(names.list, names.count, sizeof(*names.list), by_name);
	for (size_t i = 0; i < names.count; i++) {
		puts(names.list[i]);
		mem_free(names.list[i]);
	}
	mem_free(names.list);
	buf_fini(&why);
}

void
list_lock_methods(void)
{
	puts("flock\nfcntl\ndotlock");
}

/* The client side speaks by way of Cyrus where that is built in; the server side has no SASL, and an empty list. */
void
list_sasl_types(bool of_client)
{
#ifdef HAVE_CYRUS_SASL
	if (of_client)
		puts("cyrus");
#else
	(void)of_client;
#endif
}

/* -- TLS ------------------------------------------------------------------------------------------------------------- */

#ifdef HAVE_TLS

static void
compile_version(void)
{
	puts(OPENSSL_VERSION_TEXT);
}

static struct {
	__typeof__(OpenSSL_version) *version;
	__typeof__(EVP_PKEY_asn1_get_count) *key_count;
	__typeof__(EVP_PKEY_asn1_get0) *key;
	__typeof__(EVP_PKEY_asn1_get0_info) *key_info;
} crypto;

static const struct library_function functions[] = {
	{ "OpenSSL_version", &crypto.version }, { "EVP_PKEY_asn1_get_count", &crypto.key_count },
	{ "EVP_PKEY_asn1_get0", &crypto.key }, { "EVP_PKEY_asn1_get0_info", &crypto.key_info }, { NULL },
};

static void
load(void)
{
	struct buf why = BUF_INIT;

	if (!library_load(CRYPTO_LIBRARY, functions, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

static void
run_version(void)
{
	load();
	puts(crypto.version(OPENSSL_VERSION));
}

static void
public_key_algorithms(void)
{
	int id, base, flags;
	const char *name;

	load();
	for (int i = 0; i < crypto.key_count(); i++)
		if (crypto.key_info(&id, &base, &flags, NULL, &name, crypto.key(i)) == 1 &&
		    (flags & ASN1_PKEY_ALIAS) == 0 && name != NULL)
			puts(name);
}

#else

/* Without TLS there is nothing to tell. */
static void
compile_version(void)
{
}

#define run_version		compile_version
#define public_key_algorithms	compile_version

#endif

void
list_tls(const char *what)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} facts[] = {
		{ "compile-version", compile_version }, { "run-version", run_version },
		{ "public-key-algorithms", public_key_algorithms },
	};

	for (size_t i = 0; i < ARRAY_COUNT(facts); i++) {
		if (strcmp(facts[i].name, what) == 0) {
			facts[i].print();
			return;
		}
	}
	log_fatal("bad -T mode \"%s\"; expected: compile-version, run-version, public-key-algorithms", what);
}

/* -- templates ------------------------------------------------------------------------------------------------------- */

enum { TEMPLATE_FILE_MAX = 1024 * 1024 };

static void
read_file(struct bounce_templates *templates, const char *path)
{
	struct buf text = BUF_INIT, why = BUF_INIT;

	if (!file_read_all(path, TEMPLATE_FILE_MAX, &text, &why))
		log_fatal("%s", buf_c(&why));
	bounce_templates_parse(templates, buf_view(&text), path);
	buf_fini(&text);
	buf_fini(&why);
}

static void
print_template(struct config *config, const struct bounce_template *template, bool expand)
{
	struct buf text = BUF_INIT, out = BUF_INIT, why = BUF_INIT;

	if (!expand)
		buf_set(&text, template->text);
	else if (!bounce_template_expand(template, config, &text, &why))
		log_fatal("%s: %s", template->name, buf_c(&why));
	bounce_template_put(&out, template, buf_view(&text));
	fwrite(out.data, 1, out.len, stdout);
	buf_fini(&text);
	buf_fini(&out);
	buf_fini(&why);
}

void
list_templates(struct config *config, const char *file, bool expand)
{
	struct bounce_templates templates;
	struct buf why = BUF_INIT;

	if (file == NULL && (file = config_string(config, "bounce_template_file", &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	bounce_templates_init(&templates);
	if (*file != '\0')
		read_file(&templates, file);
	for (size_t i = 0; i < TEMPLATE_COUNT; i++) {
		if (i > 0)
			putchar('\n');
		print_template(config, &templates.list[i], expand);
	}
	bounce_templates_fini(&templates);
	buf_fini(&why);
}

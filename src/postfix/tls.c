/* postfix tls: keys, certificates and the settings that use them, see postfix-tls(1). openssl(1) does the work. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "global/config/param.h"
#include "postfix/run.h"
#include "util/base/clock.h"
#include "util/base/sha256.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/text/chars.h"
#include "util/text/encode.h"

enum { NAMES_MAX = 1000, FILE_MAX = 1 << 20, SETTINGS_MAX = 16 };

/* The two kinds of keys, and where main.cf has theirs. */
static const struct algorithm {
	const char *name, *prefix;			/* of file names */
	const char *cert_setting, *key_setting;
	const char *default_bits;
	const char *oid;				/* in DER, of the public key */
	size_t oid_len;
} algorithms[] = {
	{ "rsa", "", "smtpd_tls_cert_file", "smtpd_tls_key_file", "2048", "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9 },
	{ "ecdsa", "ec", "smtpd_tls_eccert_file", "smtpd_tls_eckey_file", "prime256v1", "\x2a\x86\x48\xce\x3d\x02\x01", 7 },
};

struct options {
	const char *random_source, *bits, *key, *host;	/* -r -b -k -h */
	const struct algorithm *algorithm;		/* -a */
	char **rest;
};

struct settings {
	const char *list[SETTINGS_MAX + 1];		/* "name=value" for postconf -e, NULL ended */
	size_t count;
	struct arena arena;
};

static const char *
value_of(const struct control *control, const char *name)
{
	struct buf why = BUF_INIT;
	const char *value = config_string(control->config, name, &why);

	if (value == NULL)
		log_fatal("%s", buf_c(&why));
	return value;
}

/* -- settings -------------------------------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3)))
settings_add(struct settings *settings, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	if (settings->count == SETTINGS_MAX)
		log_panic("postfix tls: more than %d settings", SETTINGS_MAX);
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	settings->list[settings->count++] = arena_string(&settings->arena, buf_view(&text));
	buf_fini(&text);
}

static int
settings_apply(const struct control *control, struct settings *settings)
{
	const char *arguments[SETTINGS_MAX + 2] = { "-e" };

	for (size_t i = 0; i < settings->count; i++)
		arguments[i + 1] = settings->list[i];
	return run_postconf(control, arguments);
}

static void
settings_suggest(const struct control *control, const struct settings *settings)
{
	printf("There are TLS settings already in %s/main.cf; nothing was changed.\n"
	    "What would have been set, by \"postconf -e\":\n", config_directory(control->config));
	for (size_t i = 0; i < settings->count; i++)
		printf("    %s\n", settings->list[i]);
}

static bool
is_tls_setting(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(name, prefix, len) != 0)
		return false;
	name += len;
	return strncmp(name, "tls_", 4) == 0 || strcmp(name, "use_tls") == 0 || strcmp(name, "enforce_tls") == 0 ||
	    strcmp(name, "starttls_timeout") == 0;
}

static bool
all_default(const struct control *control, const char *prefix)
{
	const struct param *param;

	for (size_t i = 0; (param = param_at(i)) != NULL; i++)
		if (is_tls_setting(param->name, prefix) && config_is_set(control->config, param->name) &&
		    strcmp(config_raw(control->config, param->name), config_default(control->config, param->name)) != 0)
			return false;
	return true;
}

static int
all_default_client(struct control *control, const struct options *options)
{
	(void)options;
	return all_default(control, "smtp_") ? 0 : 1;
}

static int
all_default_server(struct control *control, const struct options *options)
{
	(void)options;
	return all_default(control, "smtpd_") ? 0 : 1;
}

static int
apply_or_suggest(struct control *control, struct settings *settings, bool may_apply)
{
	if (may_apply)
		return settings_apply(control, settings);
	settings_suggest(control, settings);
	return 1;
}

static int
enable_client(struct control *control, const struct options *options)
{
	struct settings settings = { 0 };
	int status;

	arena_init(&settings.arena);
	settings_add(&settings, "smtp_tls_security_level=may");
	settings_add(&settings, "smtp_tls_loglevel=1");
	settings_add(&settings, "smtp_tls_session_cache_database=%s:${data_directory}/smtp_scache",
	    value_of(control, "default_cache_db_type"));
	if (options->random_source != NULL)
		settings_add(&settings, "tls_random_source=%s", options->random_source);
	status = apply_or_suggest(control, &settings, all_default(control, "smtp_"));
	arena_fini(&settings.arena);
	return status;
}

/* -- names ----------------------------------------------------------------------------------------------------------- */

/* They go into the subject of a certificate, where '/' and ',' begin something new. */
static void
check_host_name(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if (!char_is(*p, CHAR_ALPHA | CHAR_DIGIT | CHAR_UTF8) && strchr("-._*", *p) == NULL)
			log_fatal("\"%s\" is no host name", name);
	if (*name == '\0')
		log_fatal("a host name is empty");
}

/* The first is the common name, all are alternative names. */
static void
put_names(const struct control *control, char *const *hosts, struct buf *subject, struct buf *alternatives)
{
	char *own[] = { (char *)(uintptr_t)value_of(control, "myhostname"), NULL };

	if (*hosts == NULL)
		hosts = own;
	buf_printf(subject, "/CN=%s", hosts[0]);
	buf_puts(alternatives, "subjectAltName=");
	for (size_t i = 0; hosts[i] != NULL; i++) {
		check_host_name(hosts[i]);
		buf_printf(alternatives, "%sDNS:%s", i > 0 ? "," : "", hosts[i]);
	}
}

/* Absolute, or below the configuration directory. */
static void
put_path(const struct control *control, const char *name, struct buf *out)
{
	if (name[0] == '/')
		buf_puts(out, name);
	else
		buf_printf(out, "%s/%s", config_directory(control->config), name);
}

static const struct algorithm *
find_algorithm(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

/* The path of a key file, or of the one that main.cf names for an algorithm. False: it names none. */
static bool
put_key_path(const struct control *control, const char *key, struct buf *out)
{
	const struct algorithm *algorithm = find_algorithm(key);
	const char *name = algorithm != NULL ? value_of(control, algorithm->key_setting) : key;

	if (name[0] == '\0' || strcmp(name, "none") == 0)
		return false;
	put_path(control, name, out);
	return true;
}

/* -- openssl --------------------------------------------------------------------------------------------------------- */

static void
openssl_or_die(char *const *argv, struct buf *output)
{
	if (!run_captured(argv, output))
		log_fatal("%s %s: %s", argv[0], argv[1], buf_c(output));
}

static char *
openssl(const struct control *control)
{
	return (char *)(uintptr_t)value_of(control, "openssl_path");
}

#define TEXT(literal)	((char []){ literal })

static void
public_key_der(const struct control *control, const char *path, struct buf *der)
{
	char *argv[] = { openssl(control), TEXT("pkey"), TEXT("-in"), (char *)(uintptr_t)path, TEXT("-pubout"), TEXT("-outform"),
		TEXT("DER"), NULL };

	if (access(path, R_OK) == -1)
		log_fatal("open %s: %s", path, strerror(errno));
	openssl_or_die(argv, der);
}

static const struct algorithm *
algorithm_of_key(struct view der, const char *path)
{
	for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++)
		if (view_find_view(view_slice(der, 0, 40), view_bytes(algorithms[i].oid, algorithms[i].oid_len)) >= 0)
			return &algorithms[i];
	log_fatal("%s: neither an RSA nor an ECDSA key", path);
}

/* -- a new key and certificate --------------------------------------------------------------------------------------- */

struct credential {
	struct buf key, cert;		/* paths */
};

static void
name_files(const struct control *control, const struct algorithm *algorithm, struct credential *out)
{
	time_t now = clock_wall().tv_sec;
	char stamp[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	buf_printf(&out->key, "%s/%skey-%s.pem", config_directory(control->config), algorithm->prefix, stamp);
	buf_printf(&out->cert, "%s/%scert-%s.pem", config_directory(control->config), algorithm->prefix, stamp);
}

/* Nobody else may read it, not even while it is written. */
static void
write_key(const char *path, struct view pem)
{
	struct buf why = BUF_INIT;
	int fd = file_open(path, O_WRONLY | O_CREAT | O_EXCL, 0600, &why);

	if (fd == -1)
		log_fatal("%s", buf_c(&why));
	if (!file_write_all(fd, pem, &why) || fsync(fd) == -1) {
		unlink(path);
		log_fatal("write %s: %s", path, why.len > 0 ? buf_c(&why) : strerror(errno));
	}
	close(fd);
}

static void
generate_key(const struct control *control, const struct options *options, struct buf *pem)
{
	bool rsa = strcmp(options->algorithm->name, "rsa") == 0;
	const char *bits = options->bits != NULL ? options->bits : options->algorithm->default_bits;
	struct buf parameter = BUF_INIT;
	char *argv[] = { openssl(control), TEXT("genpkey"), TEXT("-quiet"), TEXT("-algorithm"), rsa ? TEXT("RSA") : TEXT("EC"),
		TEXT("-pkeyopt"), NULL, NULL };

	if (strcmp(bits, "secp256r1") == 0)
		bits = "prime256v1";
	buf_printf(&parameter, "%s:%s", rsa ? "rsa_keygen_bits" : "ec_paramgen_curve", bits);
	argv[6] = parameter.data;
	openssl_or_die(argv, pem);
	buf_fini(&parameter);
}

/* What main.cf has, if there is one of the algorithm. */
static bool
copy_deployed_key(const struct control *control, const struct options *options, struct buf *pem)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	bool found = put_key_path(control, options->algorithm->name, &path);

	if (found && !file_read_all(buf_c(&path), FILE_MAX, pem, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&path);
	return found;
}

static void
sign_certificate(const struct control *control, const struct credential *files, char *const *hosts)
{
	struct buf subject = BUF_INIT, names = BUF_INIT, output = BUF_INIT;

	put_names(control, hosts, &subject, &names);
	char *argv[] = { openssl(control), TEXT("req"), TEXT("-x509"), TEXT("-new"), TEXT("-sha256"), TEXT("-days"),
		TEXT("36500"), TEXT("-key"), files->key.data, TEXT("-out"), files->cert.data, TEXT("-subj"), subject.data,
		TEXT("-addext"), names.data, NULL };

	if (!run_captured(argv, &output)) {
		unlink(buf_c(&files->key));
		unlink(buf_c(&files->cert));
		log_fatal("%s req: %s", argv[0], buf_c(&output));
	}
	chmod(buf_c(&files->cert), 0644);
	buf_fini(&subject);
	buf_fini(&names);
	buf_fini(&output);
}

static void
make_credential(const struct control *control, const struct options *options, bool keep_key, struct credential *files)
{
	struct buf pem = BUF_INIT, subject = BUF_INIT, names = BUF_INIT;

	put_names(control, options->rest, &subject, &names);	/* bad names are found before anything is made */
	name_files(control, options->algorithm, files);
	if (!keep_key || !copy_deployed_key(control, options, &pem))
		generate_key(control, options, &pem);
	write_key(buf_c(&files->key), buf_view(&pem));
	buf_wipe(&pem);
	buf_fini(&subject);
	buf_fini(&names);
	sign_certificate(control, files, options->rest);
}

static void
explain(const struct control *control, const struct credential *files)
{
	const char *directory = config_directory(control->config);

	log_info("new key and certificate: %s %s", buf_c(&files->key), buf_c(&files->cert));
	printf("# Public key record for DNS, to be published before the key is used:\n"
	    "postfix -c %s tls output-server-tlsa %s\n"
	    "# Request for a certificate authority:\n"
	    "postfix -c %s tls output-server-csr -k %s\n"
	    "# Use key and certificate:\n"
	    "postfix -c %s tls deploy-server-cert %s %s\n", directory, buf_c(&files->key), directory, buf_c(&files->key),
	    directory, buf_c(&files->cert), buf_c(&files->key));
}

static int
make_and_explain(struct control *control, const struct options *options, bool keep_key)
{
	struct credential files = { BUF_INIT, BUF_INIT };

	make_credential(control, options, keep_key, &files);
	explain(control, &files);
	buf_fini(&files.key);
	buf_fini(&files.cert);
	return 0;
}

static int
new_server_key(struct control *control, const struct options *options)
{
	return make_and_explain(control, options, false);
}

static int
new_server_cert(struct control *control, const struct options *options)
{
	return make_and_explain(control, options, true);
}

static void
add_credential(struct settings *settings, const struct algorithm *algorithm, const char *cert, const char *key)
{
	settings_add(settings, "%s=%s", algorithm->cert_setting, cert);
	settings_add(settings, "%s=%s", algorithm->key_setting, key);
}

static int
enable_server(struct control *control, const struct options *options)
{
	bool free_to_act = all_default(control, "smtpd_");
	struct credential files = { BUF_INIT, BUF_INIT };
	struct settings settings = { 0 };
	int status;

	arena_init(&settings.arena);
	if (free_to_act) {
		make_credential(control, options, false, &files);
		add_credential(&settings, options->algorithm, buf_c(&files.cert), buf_c(&files.key));
	}
	settings_add(&settings, "smtpd_tls_security_level=may");
	settings_add(&settings, "smtpd_tls_loglevel=1");
	settings_add(&settings, "smtpd_tls_received_header=yes");
	if (options->random_source != NULL)
		settings_add(&settings, "tls_random_source=%s", options->random_source);
	status = apply_or_suggest(control, &settings, free_to_act);
	arena_fini(&settings.arena);
	buf_fini(&files.key);
	buf_fini(&files.cert);
	return status;
}

/* -- what exists ----------------------------------------------------------------------------------------------------- */

static void
require_pair(const struct control *control, const char *cert, const char *key)
{
	char *of_cert[] = { openssl(control), TEXT("x509"), TEXT("-in"), (char *)(uintptr_t)cert, TEXT("-noout"),
		TEXT("-pubkey"), NULL };
	char *of_key[] = { openssl(control), TEXT("pkey"), TEXT("-in"), (char *)(uintptr_t)key, TEXT("-pubout"), NULL };
	struct buf a = BUF_INIT, b = BUF_INIT;

	openssl_or_die(of_cert, &a);
	openssl_or_die(of_key, &b);
	if (!view_equal(buf_view(&a), buf_view(&b)))
		log_fatal("the certificate in %s is not for the key in %s", cert, key);
	buf_fini(&a);
	buf_fini(&b);
}

static int
deploy_server_cert(struct control *control, const struct options *options)
{
	struct buf cert = BUF_INIT, key = BUF_INIT, der = BUF_INIT;
	struct settings settings = { 0 };
	int status;

	if (options->rest[0] == NULL || options->rest[1] == NULL || options->rest[2] != NULL)
		log_fatal("usage: postfix tls deploy-server-cert certfile keyfile");
	put_path(control, options->rest[0], &cert);
	put_path(control, options->rest[1], &key);
	public_key_der(control, buf_c(&key), &der);
	require_pair(control, buf_c(&cert), buf_c(&key));
	arena_init(&settings.arena);
	add_credential(&settings, algorithm_of_key(buf_view(&der), buf_c(&key)), buf_c(&cert), buf_c(&key));
	status = settings_apply(control, &settings);
	if (*value_of(control, "smtpd_tls_chain_files") != '\0')
		log_warn("smtpd_tls_chain_files is set, too: it comes before %s", algorithms[0].cert_setting);
	arena_fini(&settings.arena);
	buf_fini(&cert);
	buf_fini(&key);
	buf_fini(&der);
	return status;
}

static int
output_server_csr(struct control *control, const struct options *options)
{
	const char *wanted = options->key != NULL ? options->key : "rsa";
	struct buf key = BUF_INIT, subject = BUF_INIT, names = BUF_INIT;
	int status;

	if (!put_key_path(control, wanted, &key))
		log_fatal("main.cf names no %s key", wanted);
	put_names(control, options->rest, &subject, &names);
	char *argv[] = { openssl(control), TEXT("req"), TEXT("-new"), TEXT("-sha256"), TEXT("-key"), key.data, TEXT("-subj"),
		subject.data, TEXT("-addext"), names.data, NULL };
	status = run_program(argv);
	buf_fini(&key);
	buf_fini(&subject);
	buf_fini(&names);
	return status;
}

/* "3 1 1": this end entity's key, as SubjectPublicKeyInfo, by its SHA-256 (RFC 6698, 2.1) */
static void
print_tlsa(const struct control *control, const char *host, const char *key)
{
	struct buf path = BUF_INIT, der = BUF_INIT, hex = BUF_INIT;
	uint8_t digest[SHA256_SIZE];

	if (put_key_path(control, key, &path)) {
		public_key_der(control, buf_c(&path), &der);
		sha256(der.data, der.len, digest);
		hex_encode(&hex, view_bytes(digest, sizeof(digest)), false);
		printf("_25._tcp.%s. IN TLSA 3 1 1 %s\n", host, buf_c(&hex));
	}
	buf_fini(&path);
	buf_fini(&der);
	buf_fini(&hex);
}

static int
output_server_tlsa(struct control *control, const struct options *options)
{
	const char *host = options->host != NULL ? options->host : value_of(control, "myhostname");

	check_host_name(host);
	for (char **key = options->rest; *key != NULL; key++)
		print_tlsa(control, host, *key);
	for (size_t i = 0; options->rest[0] == NULL && i < ARRAY_COUNT(algorithms); i++)
		print_tlsa(control, host, algorithms[i].name);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* -- which ----------------------------------------------------------------------------------------------------------- */

static const struct subcommand {
	const char *name, *options, *arguments;
	bool has_names;					/* arguments behind the options */
	int (*run)(struct control *control, const struct options *options);
} subcommands[] = {
	{ "enable-client",	"+r:",		"[-r source]",					false, enable_client },
	{ "enable-server",	"+r:a:b:",	"[-r source] [-a algorithm] [-b bits] [host ...]", true, enable_server },
	{ "new-server-key",	"+a:b:",	"[-a algorithm] [-b bits] [host ...]",		true, new_server_key },
	{ "new-server-cert",	"+a:b:",	"[-a algorithm] [-b bits] [host ...]",		true, new_server_cert },
	{ "deploy-server-cert",	"+",		"certfile keyfile",				true, deploy_server_cert },
	{ "output-server-csr",	"+k:",		"[-k keyfile] [host ...]",			true, output_server_csr },
	{ "output-server-tlsa",	"+h:",		"[-h host] [keyfile ...]",			true, output_server_tlsa },
	{ "all-default-client",	"+",		"",						false, all_default_client },
	{ "all-default-server",	"+",		"",						false, all_default_server },
};

static const struct subcommand *
find_subcommand(const char *name)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(subcommands); i++) {
		if (name != NULL && strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", subcommands[i].name);
	}
	log_fatal("usage: postfix tls subcommand; one of: %s", buf_c(&names));
}

static void
read_option(struct options *options, const struct subcommand *subcommand, int option)
{
	switch (option) {
	case 'r': options->random_source = optarg; break;
	case 'b': options->bits = optarg; break;
	case 'k': options->key = optarg; break;
	case 'h': options->host = optarg; break;
	case 'a':
		if ((options->algorithm = find_algorithm(optarg)) == NULL)
			log_fatal("-a %s: expected rsa or ecdsa", optarg);
		break;
	default:
		log_fatal("usage: postfix tls %s %s", subcommand->name, subcommand->arguments);
	}
}

int
control_tls(struct control *control)
{
	const struct subcommand *subcommand = find_subcommand(control->arguments[0]);
	struct options options = { .algorithm = &algorithms[0] };
	int count = 0, option;

	while (control->arguments[count] != NULL)
		count++;
	optind = 0;		/* a new list of arguments */
	while ((option = getopt(count, control->arguments, subcommand->options)) != -1)
		read_option(&options, subcommand, option);
	options.rest = control->arguments + optind;
	if (!subcommand->has_names && options.rest[0] != NULL)
		read_option(&options, subcommand, '?');
	return subcommand->run(control, &options);
}

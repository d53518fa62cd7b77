/*
 * policy: asks a policy server, by lines of name=value that an empty line ends. The connection is kept. A server in
 * trouble closes without an answer; then it is asked again, and in the end the default action counts.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "smtpd/access/internal.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"
#include "util/net/stream.h"
#include "util/text/encode.h"
#include "util/text/words.h"

enum { ADDRESSES_MAX = 20, LINE_LIMIT = 4096, LINES_MAX = 100 };

struct policy_service {
	const char *endpoint;		/* "inet:host:port" or "unix:path" */
	const char *default_action, *context;
	int timeout_sec, max_idle_sec, max_ttl_sec, request_limit, try_limit, retry_delay_sec;
	/* the kept connection */
	struct stream *stream;
	msec_t opened, used;
	int requests;
};

/* -- what the service is made of ---------------------------------------------------------------------------------------- */

static bool
set_time(const char *text, int *out)
{
	long long seconds;

	if (!config_parse_time(text, 's', &seconds) || seconds < 1 || seconds > INT32_MAX)
		return false;
	*out = (int)seconds;
	return true;
}

static bool
set_number(const char *text, int *out)
{
	unsigned long long number;

	if (!view_number(view_string(text), &number) || number > INT32_MAX)
		return false;
	*out = (int)number;
	return true;
}

static bool
set_option(struct policy_service *service, struct view name, const char *value)
{
	const struct {
		const char *name;
		bool (*set)(const char *text, int *out);
		int *number;
		const char **text;
	} options[] = {
		{ "timeout", set_time, &service->timeout_sec, NULL },
		{ "max_idle", set_time, &service->max_idle_sec, NULL },
		{ "max_ttl", set_time, &service->max_ttl_sec, NULL },
		{ "retry_delay", set_time, &service->retry_delay_sec, NULL },
		{ "request_limit", set_number, &service->request_limit, NULL },
		{ "try_limit", set_number, &service->try_limit, NULL },
		{ "default_action", NULL, NULL, &service->default_action },
		{ "policy_context", NULL, NULL, &service->context },
	};

	for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
		if (!view_is_nocase(name, options[i].name))
			continue;
		if (options[i].text != NULL)
			*options[i].text = value;
		return options[i].set == NULL || options[i].set(value, options[i].number);
	}
	return false;
}

/* name=value, or { name = value with blanks } */
static bool
take_option(struct access *access, struct policy_service *service, struct view word)
{
	struct view name, value, inner;

	if (word.data[0] == '{' && words_inner(word, &inner, NULL))
		word = inner;
	return view_split(word, '=', &name, &value)
	    && set_option(service, view_trim(name), arena_string(&access->arena, view_trim(value)));
}

static bool
take_options(struct access *access, struct policy_service *service, struct view text, struct buf *why)
{
	struct view rest = text, word;

	if (text.data[0] == '{' && !words_inner(text, &rest, why))
		return false;
	if (!words_next(&rest, &word, why))
		return false;
	service->endpoint = arena_string(&access->arena, word);
	while (words_next(&rest, &word, why)) {
		if (take_option(access, service, word))
			continue;
		why_set(why, "bad attribute of a policy service: %.*s", VIEW_ARG(word));
		return false;
	}
	return true;
}

struct policy_service *
policy_open(struct access *access, struct view text, struct buf *why)
{
	const struct access_config *config = &access->config;
	struct policy_service *service = hash_get(access->policies, text);

	if (service != NULL)
		return service;
	service = mem_new(sizeof(*service));
	*service = (struct policy_service){
		.default_action = config->policy_default_action, .context = config->policy_context,
		.timeout_sec = config->policy_timeout_sec, .max_idle_sec = config->policy_max_idle_sec,
		.max_ttl_sec = config->policy_max_ttl_sec, .request_limit = config->policy_request_limit,
		.try_limit = config->policy_try_limit, .retry_delay_sec = config->policy_retry_delay_sec,
	};
	if (!take_options(access, service, text, why)) {
		mem_free(service);
		return NULL;
	}
	hash_put(access->policies, text, service);
	return service;
}

static void
hang_up(struct policy_service *service)
{
	stream_free(service->stream);
	service->stream = NULL;
}

void
policy_close(void *p)
{
	struct policy_service *service = p;

	hang_up(service);
	mem_free(service);
}

static bool
is_spent(const struct policy_service *service)
{
	msec_t now = clock_now();

	return now - service->used >= (msec_t)service->max_idle_sec * 1000
	    || now - service->opened >= (msec_t)service->max_ttl_sec * 1000
	    || (service->request_limit > 0 && service->requests >= service->request_limit);
}

static bool
close_if_idle(struct view key, void *value, void *arg)
{
	struct policy_service *service = value;

	if (service->stream != NULL && is_spent(service))
		hang_up(service);
	return true;
}

void
access_idle(struct access *access)
{
	hash_each(access->policies, close_if_idle, NULL);
}

static bool
find_open(struct view key, void *value, void *arg)
{
	const struct policy_service *service = value;
	bool *found = arg;

	*found = service->stream != NULL;
	return !*found;
}

bool
access_holds_connections(const struct access *access)
{
	bool found = false;

	hash_each(access->policies, find_open, &found);
	return found;
}

/* -- the question ---------------------------------------------------------------------------------------------------------- */

static void
put(struct buf *out, const char *name, struct view value)
{
	buf_printf(out, "%s=", name);
	for (size_t i = 0; i < value.len; i++)
		buf_putc(out, value.data[i] == '\n' || value.data[i] == '\0' ? '?' : value.data[i]);
	buf_putc(out, '\n');
}

static void
put_number(struct buf *out, const char *name, unsigned long long value)
{
	buf_printf(out, "%s=%llu\n", name, value);
}

static void
put_port(struct buf *out, const char *name, const struct netaddr *addr)
{
	if (addr->port != 0)
		put_number(out, name, addr->port);
	else
		put(out, name, VIEW("unknown"));
}

/* The same for all questions about one message, and for no other message. */
static struct view
instance(struct buf *name)
{
	static unsigned counter;
	struct timeval now;

	if (name->len == 0) {
		now = clock_wall();
		buf_printf(name, "%x.%llx.%llx.%x", (unsigned)getpid(), (unsigned long long)now.tv_sec,
		    (unsigned long long)now.tv_usec, counter++);
	}
	return buf_view(name);
}

static bool
is_content_stage(const struct access_facts *facts)
{
	return strcmp(facts->stage, "DATA") == 0 || strcmp(facts->stage, "BDAT") == 0
	    || strcmp(facts->stage, "END-OF-MESSAGE") == 0;
}

static void
put_client(struct buf *out, const struct access_facts *facts)
{
	const struct peer *peer = facts->peer;
	struct buf server = BUF_INIT;

	if (peer->server.family == AF_INET || peer->server.family == AF_INET6)
		netaddr_put(&server, &peer->server);
	else
		buf_puts(&server, "unknown");
	put(out, "client_address", buf_view(&peer->address));
	put(out, "client_name", buf_view(&peer->name));
	put_port(out, "client_port", &peer->addr);
	put(out, "reverse_client_name", buf_view(&peer->reverse_name));
	put(out, "server_address", buf_view(&server));
	put_port(out, "server_port", &peer->server);
	buf_fini(&server);
}

static void
put_message(struct buf *out, const struct access_facts *facts)
{
	put(out, "helo_name", facts->helo);
	put(out, "sender", facts->has_sender ? facts->sender : VIEW_EMPTY);
	put(out, "recipient", facts->has_recipient ? facts->recipient : VIEW_EMPTY);
	put_number(out, "recipient_count", is_content_stage(facts) ? facts->recipient_count : 0);
	put(out, "queue_id", facts->queue_id != NULL ? facts->queue_id(facts->arg) : VIEW_EMPTY);
	put(out, "instance", instance(facts->instance));
	put_number(out, "size", facts->size);
	put(out, "etrn_domain", facts->has_etrn ? facts->etrn_domain : VIEW_EMPTY);
}

static void
put_credentials(struct buf *out, const struct access_facts *facts)
{
	static const struct access_tls clear;
	const struct access_tls *tls = facts->tls != NULL ? facts->tls : &clear;

	put(out, "sasl_method", facts->login.method);
	put(out, "sasl_username", facts->login.username);
	put(out, "sasl_sender", facts->login.sender);
	put(out, "ccert_subject", tls->subject);
	put(out, "ccert_issuer", tls->issuer);
	put(out, "ccert_fingerprint", tls->fingerprint);
	put(out, "ccert_pubkey_fingerprint", tls->key_fingerprint);
	put(out, "encryption_protocol", tls->protocol);
	put(out, "encryption_cipher", tls->cipher);
	put_number(out, "encryption_keysize", tls->key_bits);
	put(out, "tls_sni", tls->sni);
}

static void
put_question(struct buf *out, struct access_run *run, const struct policy_service *service)
{
	const struct access_facts *facts = run->facts;
	const struct access_config *config = run->config;

	put(out, "request", VIEW("smtpd_access_policy"));
	put(out, "protocol_state", view_string(strcmp(facts->stage, "BDAT") == 0 ? "DATA" : facts->stage));
	put(out, "protocol_name", view_string(facts->protocol));
	put_client(out, facts);
	put_message(out, facts);
	put(out, "stress", view_string(config->stress));
	put_credentials(out, facts);
	put(out, "policy_context", view_string(service->context));
	put(out, "compatibility_level", view_string(config->compatibility_level));
	put(out, "mail_version", view_string(config->mail_version));
	buf_putc(out, '\n');
}

/* -- the exchange ---------------------------------------------------------------------------------------------------------- */

static size_t
resolve_inet(struct view host, struct view port, struct netaddr *out, struct buf *why)
{
	struct buf name = BUF_INIT, service = BUF_INIT;
	size_t count;

	if (host.len > 2 && host.data[0] == '[')
		host = view_slice(host, 1, host.len - 1);
	buf_putv(&name, host);
	buf_putv(&service, port);
	count = inet_resolve(buf_c(&name), buf_c(&service), AF_UNSPEC, out, ADDRESSES_MAX, why);
	buf_fini(&name);
	buf_fini(&service);
	return count;
}

static int
connect_inet(struct view where, msec_t deadline, struct buf *why)
{
	struct netaddr addresses[ADDRESSES_MAX];
	struct view host, port;
	size_t count;
	int fd = -1;

	if (!view_rsplit(where, ':', &host, &port)) {
		why_set(why, "host:port is needed");
		return -1;
	}
	count = resolve_inet(host, port, addresses, why);
	for (size_t i = 0; i < count && fd == -1; i++)
		fd = inet_connect(&addresses[i], NULL, deadline, NULL);
	if (fd == -1 && count > 0)
		why_set(why, "%s", strerror(errno));
	return fd;
}

/* The endpoint, as the log names it. */
static const char *
shown(const struct policy_service *service)
{
	return strchr(service->endpoint, ':') != NULL ? strchr(service->endpoint, ':') + 1 : service->endpoint;
}

static bool
connect_service(struct policy_service *service, struct buf *why)
{
	msec_t deadline = clock_deadline((msec_t)service->timeout_sec * 1000);
	struct view type = VIEW_EMPTY, where = VIEW_EMPTY;
	int fd = -1;

	view_split(view_string(service->endpoint), ':', &type, &where);
	if (view_is(type, "inet"))
		fd = connect_inet(where, deadline, why);
	else if (view_is(type, "unix"))
		fd = unix_connect(shown(service), deadline, why);
	else
		why_set(why, "inet:host:port or unix:path is needed");
	if (fd == -1) {
		log_warn("connect to %s: %s", shown(service), buf_c(why));
		return false;
	}
	service->stream = stream_new_socket(fd);
	service->opened = clock_now();
	service->requests = 0;
	return true;
}

static const char *const results[] = {
	[STREAM_OK] = "malformed answer", [STREAM_LONG] = "answer is too long", [STREAM_EOF] = "connection lost",
	[STREAM_TIMEOUT] = "time limit exceeded", [STREAM_ERROR] = "connection lost",
};

/* action=text, other attributes, an empty line */
static enum stream_result
read_answer(struct policy_service *service, struct buf *action)
{
	struct buf line = BUF_INIT;
	struct view name, value;
	enum stream_result result;
	bool more = true;

	for (int lines = 0; more; lines++) {
		result = lines < LINES_MAX ? stream_line(service->stream, LINE_LIMIT, &line) : STREAM_LONG;
		more = result == STREAM_OK && line.len > 0;
		if (more && action->len == 0 && view_split(buf_view(&line), '=', &name, &value) && view_is(name, "action"))
			buf_set(action, view_trim(value));
	}
	buf_fini(&line);
	return result;
}

static bool
exchange(struct policy_service *service, struct view question, struct buf *action, struct buf *why)
{
	msec_t limit = (msec_t)service->timeout_sec * 1000;
	enum stream_result result;

	buf_reset(action);
	if (service->stream != NULL && (is_spent(service) || stream_readable(service->stream)))
		hang_up(service);
	if (service->stream == NULL && !connect_service(service, why))
		return false;
	stream_set_timeout(service->stream, limit);
	stream_set_deadline(service->stream, clock_deadline(limit));
	stream_put(service->stream, question);
	result = read_answer(service, action);
	service->used = clock_now();
	service->requests++;
	if (result == STREAM_OK && action->len > 0)
		return true;
	why_set(why, "%s", results[result]);
	hang_up(service);
	return false;
}

/* A connection that may not be used again is closed at once: others may be waiting for it. */
static bool
ask(struct access_run *run, struct policy_service *service, struct buf *action)
{
	struct buf question = BUF_INIT, why = BUF_INIT;
	bool answered = false;

	put_question(&question, run, service);
	for (int i = 0; i < service->try_limit && !answered; i++) {
		if (i > 0)
			poll(NULL, 0, service->retry_delay_sec * 1000);
		answered = exchange(service, buf_view(&question), action, &why);
		if (!answered)
			log_warn("problem talking to server %s: %s", shown(service), buf_c(&why));
	}
	if (service->stream != NULL && is_spent(service))
		hang_up(service);
	buf_fini(&question);
	buf_fini(&why);
	return answered;
}

enum outcome
check_policy_service(struct access_run *run, const struct rule *rule)
{
	struct buf action = BUF_INIT;
	enum outcome outcome;

	if (!ask(run, rule->policy, &action))
		buf_set(&action, view_string(rule->policy->default_action));
	outcome = access_result(run, buf_view(&action), run->subject, rule->policy->endpoint);
	buf_fini(&action);
	return outcome;
}

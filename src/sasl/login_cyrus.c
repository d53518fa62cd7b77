#include "config.h"
#include "sasl/login.h"

#ifdef HAVE_CYRUS_SASL

#include <sasl/sasl.h>

#include "util/log/log.h"

enum { CALLBACKS = 4 };

struct login {
	sasl_conn_t *connection;
	const struct login_request *request;
	sasl_secret_t *secret;
	sasl_callback_t callbacks[CALLBACKS];
	char *mechanisms;
};

/* The library's callbacks have as many types as purposes, and one to store them. */
typedef int	any_callback(void);
typedef void	any_function(void);

#define CALLBACK(function)	((any_callback *)(any_function *)(function))

static int
log_message(void *context, int level, const char *message)
{
	if (level == SASL_LOG_ERR || level == SASL_LOG_WARN)
		log_warn("SASL: %s", message);
	return SASL_OK;
}

static const sasl_callback_t global_callbacks[] = {
	{ SASL_CB_LOG, CALLBACK(log_message), NULL },
	{ SASL_CB_LIST_END, NULL, NULL },
};

bool
login_prepare(struct buf *why)
{
	int result = sasl_client_init(global_callbacks);

	if (result != SASL_OK)
		why_set(why, "SASL library initialization: %s", sasl_errstring(result, NULL, NULL));
	return result == SASL_OK;
}

static int
give_name(void *context, int id, const char **result, unsigned *len)
{
	const struct login *login = context;

	*result = login->request->user;
	if (len != NULL)
		*len = (unsigned)strlen(*result);
	return SASL_OK;
}

/* Whom to act for: ourselves. */
static int
give_nobody(void *context, int id, const char **result, unsigned *len)
{
	*result = "";
	if (len != NULL)
		*len = 0;
	return SASL_OK;
}

static int
give_password(sasl_conn_t *connection, void *context, int id, sasl_secret_t **secret)
{
	struct login *login = context;

	*secret = login->secret;
	return SASL_OK;
}

static void
keep_password(struct login *login)
{
	size_t len = strlen(login->request->password);

	login->secret = mem_new(sizeof(*login->secret) + len + 1);
	login->secret->len = len;
	memcpy(login->secret->data, login->request->password, len);
}

static void
set_callbacks(struct login *login)
{
	const sasl_callback_t callbacks[CALLBACKS] = {
		{ SASL_CB_USER, CALLBACK(give_nobody), login },
		{ SASL_CB_AUTHNAME, CALLBACK(give_name), login },
		{ SASL_CB_PASS, CALLBACK(give_password), login },
		{ SASL_CB_LIST_END, NULL, NULL },
	};

	memcpy(login->callbacks, callbacks, sizeof(callbacks));
}

static unsigned
security_flags(unsigned bits)
{
	static const struct {
		unsigned bit, flag;
	} map[] = {
		{ LOGIN_NO_PLAINTEXT, SASL_SEC_NOPLAINTEXT }, { LOGIN_NO_ACTIVE, SASL_SEC_NOACTIVE },
		{ LOGIN_NO_DICTIONARY, SASL_SEC_NODICTIONARY }, { LOGIN_NO_ANONYMOUS, SASL_SEC_NOANONYMOUS },
		{ LOGIN_FORWARD_SECRECY, SASL_SEC_FORWARD_SECRECY }, { LOGIN_MUTUAL_AUTH, SASL_SEC_MUTUAL_AUTH },
	};
	unsigned flags = 0;

	for (size_t i = 0; i < ARRAY_COUNT(map); i++)
		flags |= bits & map[i].bit ? map[i].flag : 0;
	return flags;
}

struct login *
login_new(const struct login_request *request, struct buf *why)
{
	struct login *login = mem_new(sizeof(*login));
	/* No layer of its own: that is what TLS is for. */
	sasl_security_properties_t properties = { .security_flags = security_flags(request->security) };
	int result;

	login->request = request;
	login->mechanisms = mem_string(request->mechanisms);
	keep_password(login);
	set_callbacks(login);
	result = sasl_client_new(request->service, request->host, NULL, NULL, login->callbacks, 0, &login->connection);
	if (result == SASL_OK)
		result = sasl_setprop(login->connection, SASL_SEC_PROPS, &properties);
	if (result == SASL_OK)
		return login;
	why_set(why, "%s", sasl_errstring(result, NULL, NULL));
	login_free(login);
	return NULL;
}

void
login_free(struct login *login)
{
	if (login == NULL)
		return;
	if (login->connection != NULL)
		sasl_dispose(&login->connection);
	mem_wipe(login->secret->data, login->secret->len);
	mem_free(login->secret);
	mem_free(login->mechanisms);
	mem_free(login);
}

static bool
answer(const struct login *login, int result, const char *data, unsigned len, struct buf *response, struct buf *why)
{
	if (result != SASL_OK && result != SASL_CONTINUE) {
		why_set(why, "%s", result == SASL_NOMECH ? "no mechanism available" : sasl_errdetail(login->connection));
		return false;
	}
	buf_reset(response);
	if (data != NULL)
		buf_put(response, data, len);
	return true;
}

bool
login_start(struct login *login, const char **mechanism, struct buf *response, bool *has_response,
    struct buf *why)
{
	const char *data = NULL;
	unsigned len = 0;
	int result = sasl_client_start(login->connection, login->mechanisms, NULL, &data, &len, mechanism);

	*has_response = data != NULL;
	return answer(login, result, data, len, response, why);
}

bool
login_step(struct login *login, struct view challenge, struct buf *response, struct buf *why)
{
	const char *data = NULL;
	unsigned len = 0;
	int result = sasl_client_step(login->connection, challenge.data, (unsigned)challenge.len, NULL, &data, &len);

	return answer(login, result, data, len, response, why);
}

#endif

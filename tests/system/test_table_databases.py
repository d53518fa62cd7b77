"""Tables in real database servers, each started here in a directory of its own; skipped where a server is not installed."""
import os
import shutil
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Iterator, Optional

import pytest

from conftest import new_mta
from mta import BASE, PRIVILEGED, ROOT, Mta, free_port, poll

ROWS = [("u@example.test", "one"), ("u@example.test", "two"), ("it's@example.test", "quoted"),
        ("back\\slash@example.test", "slashed"), ("grün@example.test", "Grüße"), ("alice@example.test", "alice"),
        ("bob", "plain")]
SQL_KEY = "query = SELECT value FROM a WHERE name = '%s' ORDER BY value"


def program(name: str) -> str:
    """Its path; skips the test where there is none."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") or (newest and str(newest[-1]))
    if not found:
        pytest.skip(f"{name} is not installed")
    return str(found)


def certificates() -> Path:
    """A directory with an authority (ca), a certificate of it for 127.0.0.1 (cert, key), and another authority (other)."""
    if (BASE / "tls").exists():
        return BASE / "tls"
    (BASE / "tls").mkdir()
    (BASE / "tls").chmod(0o755)

    def openssl(*arguments: str) -> None:
        subprocess.run([program("openssl"), *arguments], cwd=BASE / "tls", capture_output=True, check=True)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for each in ("ca", "other"):
        openssl("req", "-x509", *new_key, "-keyout", f"{each}.key", "-out", each, "-days", "2", "-subj", f"/CN={each} of the test")
    openssl("req", *new_key, "-keyout", "key", "-out", "request", "-subj", "/CN=127.0.0.1")
    (BASE / "tls/names").write_text("subjectAltName = IP:127.0.0.1, DNS:localhost\n")
    openssl("x509", "-req", "-in", "request", "-CA", "ca", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "cert",
            "-extfile", "names")
    for each in (BASE / "tls").iterdir():
        each.chmod(0o644)
    return BASE / "tls"


class Server:
    """One server program; ready once `works` succeeds. Subclasses say how to start it and what a table needs."""
    type = ""

    def __init__(self) -> None:
        self.dir = BASE / f"{self.type}-{free_port()}"
        self.dir.mkdir()
        self.dir.chmod(0o777)
        self.port = free_port()
        self.process: Optional[subprocess.Popen[bytes]] = None

    def run(self, *command: str, **kwargs: object) -> None:
        """Run to its end; what it says is shown when it fails."""
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, **kwargs)  # type: ignore[call-overload]
        assert done.returncode == 0, (command, done.stdout, done.stderr)

    def start(self, *command: str) -> None:
        """Start in the background."""
        with open(self.dir / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self, *command: str) -> None:
        """Until this command succeeds."""
        deadline = time.monotonic() + 30
        while subprocess.run(command, capture_output=True, check=False).returncode != 0:
            assert time.monotonic() < deadline, (self.dir / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """At once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def table(self, mta: Mta, settings: str) -> str:
        """A table with these settings beside those that lead to the server."""
        path = mta.config / f"{self.type}.cf"
        path.write_text(f"{self.place()}\n{settings}\n")
        return f"{self.type}:{path}"

    def place(self) -> str:
        """The settings that lead here."""
        raise NotImplementedError

    def keyed(self) -> str:
        """Settings that find ROWS by the whole key."""
        return SQL_KEY


def sql_rows(mysql: bool) -> str:
    """Statements that make the table."""
    def quote(text: str) -> str:
        text = text.replace("'", "''")
        return text.replace("\\", "\\\\") if mysql else text
    rows = ", ".join(f"('{quote(name)}', '{quote(value)}')" for name, value in ROWS)
    return f"CREATE TABLE a (name VARCHAR(200), value VARCHAR(200)); INSERT INTO a VALUES {rows};"


class Mysql(Server):
    """MariaDB, over TLS when asked to."""
    type = "mysql"

    def __init__(self) -> None:
        mariadbd, tls = program("mariadbd"), certificates()
        super().__init__()
        (self.dir / "init").write_text(
            "CREATE DATABASE mail CHARACTER SET utf8mb4;\nUSE mail;\n" + sql_rows(True).replace("; ", ";\n") + "\n")
        self.start(mariadbd, "--no-defaults", "--skip-grant-tables", "--skip-networking=0", f"--datadir={self.dir}",
                   f"--socket={self.dir}/sock", f"--port={self.port}", "--bind-address=127.0.0.1,127.0.0.2",
                   f"--pid-file={self.dir}/pid", f"--init-file={self.dir}/init", "--innodb-flush-method=nosync",
                   "--character-set-server=utf8mb4", f"--ssl-cert={tls}/cert", f"--ssl-key={tls}/key", f"--ssl-ca={tls}/ca",
                   *(["--user=root"] if PRIVILEGED else []))
        self.wait(program("mariadb"), "--no-defaults", f"--socket={self.dir}/sock", "-e", "SELECT * FROM mail.a")

    def place(self) -> str:
        return f"hosts = unix:{self.dir}/sock\nuser = any\npassword = x\ndbname = mail"


class Pgsql(Server):
    """PostgreSQL."""
    type = "pgsql"

    def __init__(self) -> None:
        initdb, postgres, psql = program("initdb"), program("postgres"), program("psql")
        super().__init__()
        someone = ["setpriv", "--reuid=2112", "--regid=2112", "--clear-groups"] if PRIVILEGED else []
        self.run(*someone, initdb, "-D", f"{self.dir}/data", "-U", "mail", "-A", "trust", "-E", "UTF8", "--no-sync",
                 "--locale=C", cwd=self.dir)
        for each in ("cert", "key"):
            shutil.copy(certificates() / each, self.dir / each)
            (self.dir / each).chmod(0o600)
            if PRIVILEGED:
                os.chown(self.dir / each, 2112, 2112)
        self.start(*someone, postgres, "-D", f"{self.dir}/data", "-k", str(self.dir), "-p", str(self.port), "-h", "127.0.0.1",
                   "-F", "-c", "ssl=on", "-c", f"ssl_cert_file={self.dir}/cert", "-c", f"ssl_key_file={self.dir}/key")
        self.wait(psql, "-h", str(self.dir), "-p", str(self.port), "-U", "mail", "-c", "SELECT 1", "postgres")
        self.run(psql, "-h", str(self.dir), "-p", str(self.port), "-U", "mail", "-c", sql_rows(False) +
                 "CREATE FUNCTION find(k text) RETURNS SETOF text LANGUAGE sql AS 'SELECT value FROM a WHERE name = k'",
                 "postgres")

    def place(self) -> str:
        return f"hosts = unix:{self.dir}:{self.port}\nuser = mail\ndbname = postgres"


LDIF = """dn: dc=example,dc=test
objectClass: dcObject
objectClass: organization
dc: example
o: Example

"""


class Ldap(Server):
    """OpenLDAP: persons named by cn, groups of them."""
    type = "ldap"

    def __init__(self) -> None:
        slapd = program("slapd")
        super().__init__()
        self.tls_port = free_port()
        (self.dir / "data").mkdir()
        schemas = "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "inetorgperson"))
        (self.dir / "conf").write_text(
            f"{schemas}modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {self.dir}/pid\ndatabase mdb\nmaxsize 1048576\n"
            f"TLSCACertificateFile {certificates()}/ca\nTLSCertificateFile {certificates()}/cert\n"
            f"TLSCertificateKeyFile {certificates()}/key\n"
            f'suffix "dc=example,dc=test"\nrootdn "cn=admin,dc=example,dc=test"\nrootpw secret\ndirectory {self.dir}/data\n')
        (self.dir / "ldif").write_text(LDIF + self.people() + self.groups())
        self.run(slapd, "-T", "add", "-f", f"{self.dir}/conf", "-l", f"{self.dir}/ldif")
        self.start(slapd, "-d", "0", "-f", f"{self.dir}/conf", "-h",
                   f"ldap://127.0.0.1:{self.port}/ ldap://127.0.0.2:{self.port}/ ldaps://127.0.0.1:{self.tls_port}/")
        self.wait("sh", "-c", f"test -e {self.dir}/pid")

    @staticmethod
    def people() -> str:
        return "".join(f"dn: employeeNumber={n},dc=example,dc=test\nobjectClass: inetOrgPerson\nemployeeNumber: {n}\nsn: x\n"
                       f"cn: {name}\nmail: {value}\n\n".replace("Grüße", "Gruesse") for n, (name, value) in enumerate(ROWS)
                       ) + ("dn: cn=badref,dc=example,dc=test\nobjectClass: inetOrgPerson\nsn: x\ncn: badref\nmail: first\n"
                            "description: ldap:///dc=example,dc=test??sub?(cn=\ndescription: cn=all,dc=example,dc=test\n\n")

    @staticmethod
    def groups() -> str:
        def group(name: str, *members: str) -> str:
            listed = "".join(f"member: {each},dc=example,dc=test\n" for each in members)
            return f"dn: cn={name},dc=example,dc=test\nobjectClass: groupOfNames\ncn: {name}\n{listed}\n"
        return (group("all", "employeeNumber=0", "employeeNumber=1", "cn=more") + group("more", "employeeNumber=5", "cn=gone") +
                group("loop", "cn=pool") + group("pool", "cn=loop"))

    def place(self) -> str:
        return (f"server_host = ldap://127.0.0.1:{self.port}\nversion = 3\nsearch_base = dc=example,dc=test\n"
                "bind_dn = cn=admin,dc=example,dc=test\nbind_pw = secret")

    def keyed(self) -> str:
        return "query_filter = (cn=%s)\nresult_attribute = mail"


class Redis(Server):
    """Redis; one value to a key."""
    type = "redis"

    def __init__(self) -> None:
        server, client = program("redis-server"), program("redis-cli")
        super().__init__()
        self.client = [client, "-p", str(self.port), "-a", "secret", "--no-auth-warning"]
        self.start(server, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--requirepass", "secret", "--dir",
                   str(self.dir))
        self.wait(*self.client, "ping")
        poll(lambda: subprocess.run([*self.client, "ping"], capture_output=True, check=False).stdout == b"PONG\n")
        for name, value in [("u@example.test", "one,two"), *ROWS[2:]]:
            self.run(*self.client, "set", f"mail:{name}", value)

    def place(self) -> str:
        return f"hosts = 127.0.0.1:{self.port}\npassword = secret\nkey_format = mail:%s"

    def keyed(self) -> str:
        return ""


class Memcached(Server):
    """memcached, in front of a table."""
    type = "memcache"

    def __init__(self) -> None:
        server = program("memcached")
        super().__init__()
        (self.dir / "backup").write_text("".join(f'"{name}" {value}\n'.replace("\\", "\\\\") for name, value in
                                                 [("u@example.test", "one,two"), *ROWS[2:]]))
        self.start(server, "-l", "127.0.0.1", "-p", str(self.port), *(["-u", "root"] if PRIVILEGED else []))
        self.wait("sh", "-c", f"ss -ltn | grep -q :{self.port}")

    def place(self) -> str:
        return f"memcache = inet:127.0.0.1:{self.port}"

    def keyed(self) -> str:
        rows = ", ".join(f"{{{name}={value}}}" for name, value in [("u@example.test", "one,two"), *ROWS[2:]])
        return f"backup = inline:{{{rows}}}"


KINDS = {each.type: each for each in (Mysql, Pgsql, Ldap, Redis, Memcached)}
_running: dict[str, Server] = {}


def server(kind: str) -> Server:
    """The server of this kind that the tests share."""
    if kind not in _running:
        _running[kind] = KINDS[kind]()
    return _running[kind]


@pytest.fixture(autouse=True, scope="module")
def _stop() -> Iterator[None]:
    yield
    for each in _running.values():
        each.stop()


@pytest.fixture(name="mta", scope="module")
def _mta() -> Iterator[Mta]:
    mta = new_mta({"shlib_directory": str(ROOT / "usr/lib/postfix")})
    yield mta
    mta.__exit__()


@pytest.fixture(name="find")
def _find(mta: Mta) -> Callable[..., object]:
    """Ask a table; the value, None, or the text of an error."""
    def find(on: Server, key: str, settings: str) -> object:
        if on.type not in mta.run("postconf", "-m").stdout.split():
            pytest.skip(f"built without {on.type}")
        done = mta.run("postmap", "-q", key, on.table(mta, settings))
        return done.stdout.rstrip("\n") if done.returncode == 0 else done.stderr or None
    return find


# -- what all have in common ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key, value", [
    ("u@example.test", "one,two"), ("it's@example.test", "quoted"), ("back\\slash@example.test", "slashed"),
    ("bob", "plain"), ("nobody@example.test", None), ("' or '1", None), ("\\' or 1=1 --", None), ("*", None), ("x)(cn=*", None)])
def test_lookup(find: Callable[..., object], kind: str, key: str, value: Optional[str]) -> None:
    """TB2"""
    on = server(kind)
    found = find(on, key, on.keyed())
    assert (sorted(found.split(",")) if isinstance(found, str) else found) == (value and sorted(value.split(",")))


@pytest.mark.parametrize("kind", ["mysql", "pgsql", "redis", "memcache"])
def test_other_characters(find: Callable[..., object], kind: str) -> None:
    """TB15"""
    assert find(server(kind), "grün@example.test", server(kind).keyed()) == "Grüße"


@pytest.mark.parametrize("kind", ["mysql", "pgsql", "ldap", "redis"])
@pytest.mark.parametrize("settings, key, value", [
    ("result_format = <%s>", "bob", "<plain>"), ("result_format = %s@%d", "bob", None), ("result_format = %U:%s", "bob", "bob:plain"),
    ("domain = example.test", "bob", None), ("domain = example.test", "alice@example.test", "alice")])
def test_result_format_and_domain(find: Callable[..., object], kind: str, settings: str, key: str, value: Optional[str]) -> None:
    on = server(kind)
    assert find(on, key, f"{on.keyed()}\n{settings}") == value


@pytest.mark.parametrize("kind", ["mysql", "pgsql", "ldap"])
def test_too_many_results_are_an_error(find: Callable[..., object], kind: str) -> None:
    on = server(kind)
    assert "limit" in str(find(on, "u@example.test", f"{on.keyed()}\nexpansion_limit = 1\nsize_limit = 0"))


@pytest.mark.parametrize("kind", KINDS)
def test_mail_waits_while_the_server_is_gone(kind: str) -> None:
    """TB1: known, unknown and "could not ask", in the confined SMTP server, asked itself and through proxymap."""
    on = KINDS[kind]()
    with new_mta({"shlib_directory": str(ROOT / "usr/lib/postfix"), "smtpd_recipient_restrictions": "permit_mynetworks"}) as mta:
        settings = on.keyed() if kind != "memcache" else "backup ="
        if kind == "memcache":
            mta.run("postmap", "-i", on.table(mta, settings), input="alice@example.test x\n")
        for prefix in ("", "proxy:"):
            mta.configure(local_recipient_maps=prefix + on.table(mta, settings))
            mta.run("postfix", "reload")
            assert poll(lambda: codes(mta, "alice", "nosuch") == [250, 550])
        on.stop()
        assert codes(mta, "alice", "nosuch") == [451, 451]
        mta.configure(local_recipient_maps=on.table(mta, settings))
        mta.run("postfix", "reload")
        assert poll(lambda: codes(mta, "alice", "nosuch") == [451, 451])


class BadServer:
    """Takes connections, and then is silent, talks nonsense, or hangs up."""

    def __init__(self, habit: str) -> None:
        self.habit = habit
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.kept: list[socket.socket] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Until the listener is closed."""
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.kept.append(client)
            if self.habit == "nonsense":
                client.sendall(b"\xff\x00 \r\nnonsense\r\n" * 100)
            if self.habit == "gone":
                client.close()


BAD = {
    "mysql": "hosts = {0}\nuser = a\npassword = b\ndbname = c\nquery = SELECT 1\noption_file = {1}/my.cnf",
    "pgsql": "hosts = {2}\nquery = SELECT 1", "ldap": "server_host = {0}\ntimeout = 1\nversion = 3\nsearch_base = dc=test",
    "redis": "hosts = {0}\ntimeout = 1", "memcache": "memcache = inet:{0}\ntimeout = 1\nmax_try = 1",
    "mongodb": "uri = mongodb://{0}/?serverSelectionTimeoutMS=1000&connectTimeoutMS=1000\ndbname = a\ncollection = b\n"
               'query_filter = {{{{"a": "%s"}}}}'}


def test_bad_servers_are_failures_in_time(mta: Mta) -> None:
    """TB1: and the next host is asked."""
    servers = [BadServer(habit) for habit in ("silent", "nonsense", "gone")]
    (mta.config / "my.cnf").write_text("[client]\nconnect-timeout = 1\n")
    known = mta.run("postconf", "-m").stdout.split()

    def ask(kind: str, bad: BadServer, good: Optional[Server]) -> tuple[int, str, str, float]:
        path, start = mta.config / f"{kind}-{bad.habit}-{good is not None}.cf", time.monotonic()
        place, uri = f"127.0.0.1:{bad.port}", f"postgresql://mail@127.0.0.1:{bad.port}/postgres?connect_timeout=1"
        text = BAD[kind].format(place, mta.config, uri)
        if good is not None:
            also = f"127.0.0.1:{good.port}"
            text = "\n".join([BAD[kind].format(f"{place} {also}", mta.config, f"{uri} {uri.replace(place, also)}"), good.keyed(),
                              *good.place().splitlines()[1:]])
        path.write_text(text.replace("{{", "{").replace("}}", "}") + "\n")
        done = mta.run("postmap", "-q", "bob", f"{kind}:{path}")
        return done.returncode, done.stdout, done.stderr, time.monotonic() - start
    cases = [(kind, bad, None) for kind in BAD if kind in known for bad in servers]
    cases += [(kind, bad, server(kind)) for kind in ("mysql", "pgsql", "ldap", "redis") if kind in known for bad in servers]
    with ThreadPoolExecutor(len(cases)) as pool:
        for case, (status, value, said, took) in zip(cases, pool.map(lambda case: ask(*case), cases)):
            assert took < 20, (case, took)
            if case[2] is None:
                assert (status, value) == (1, "") and said, case
            else:
                assert (status, value) == (0, "plain\n"), (case, said)
    for each in servers:
        each.listener.close()


def codes(mta: Mta, *users: str) -> list[int]:
    """What the server says about these recipients."""
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("sender@example.org")
        return [session.rcpt(f"{user}@example.test")[0] for user in users]


# -- SQL --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
@pytest.mark.parametrize("settings, value", [
    ("table = a\nselect_field = value\nwhere_field = name", "alice"), ("query = SELECT value FROM nothing", "query"),
    ("query = SELECT NULL", None), ("query = SELECT '', value FROM a WHERE name = '%u@%d'", "alice"),
    ("query = SELECT '%2.%1'", "example.test"), ("query = SELECT '%3'", None), ("query = SELECT '%z'", "no expansion")])
def test_queries(find: Callable[..., object], kind: str, settings: str, value: Optional[str]) -> None:
    found = find(server(kind), "alice@example.test", settings)
    assert found == value if value is None or " " not in value and value != "query" else value in str(found)


def test_procedure_and_function(find: Callable[..., object]) -> None:
    """A procedure gives sets of rows, and a status behind them."""
    block = "query = BEGIN NOT ATOMIC SELECT value FROM a WHERE name = '%s'; SELECT 'second'; END"
    assert find(server("mysql"), "alice@example.test", block) == "alice,second"
    assert "result set" in str(find(server("mysql"), "alice@example.test", "query = SET @x = 1"))
    assert find(server("mysql"), "alice@example.test", "query = SET @x = 1\nrequire_result_set = no") is None
    assert find(server("pgsql"), "alice@example.test", "select_function = find") == "alice"


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
def test_another_host_answers_for_one_that_is_down(find: Callable[..., object], kind: str) -> None:
    on = server(kind)
    hosts = f"{on.place().splitlines()[0]} inet:127.0.0.1:1 127.0.0.1:{on.port}"
    assert find(on, "bob", f"{SQL_KEY}\n{hosts}") == "plain"
    assert find(on, "bob", f"{SQL_KEY}\nhosts = inet:127.0.0.1:1, inet:127.0.0.1:{on.port}") in ("plain",)
    assert "refused" in str(find(on, "bob", f"{SQL_KEY}\nhosts = inet:127.0.0.1:1")) or \
        "connect" in str(find(on, "bob", f"{SQL_KEY}\nhosts = inet:127.0.0.1:1"))


def test_postgresql_uri(find: Callable[..., object]) -> None:
    on = server("pgsql")
    assert find(on, "bob", f"{SQL_KEY}\nhosts = postgresql://mail@127.0.0.1:{on.port}/postgres") == "plain"


CIPHER = "query = SELECT IF(variable_value = '', 'none', 'some') FROM information_schema.session_status " \
    "WHERE variable_name = 'ssl_cipher'"


@pytest.mark.parametrize("settings, host, good", [
    ("tls_CAfile = {0}/ca", "127.0.0.1", True), ("tls_CAfile = {0}/ca\ntls_verify_cert = yes", "127.0.0.1", True),
    ("tls_CAfile = {0}/other\ntls_verify_cert = yes", "127.0.0.1", False), ("tls_verify_cert = yes", "127.0.0.1", False),
    ("tls_CAfile = {0}/ca\ntls_verify_cert = yes", "127.0.0.2", False), ("tls_CAfile = {0}/ca", "127.0.0.2", True),
    ("tls_cert_file = {0}/cert\ntls_key_file = {0}/key\ntls_CAfile = {0}/ca", "127.0.0.1", True),
    ("tls_CAfile = {0}/ca\ntls_ciphers = ECDHE-ECDSA-AES256-GCM-SHA384", "127.0.0.1", True)])
def test_mysql_server_certificate(find: Callable[..., object], settings: str, host: str, good: bool) -> None:
    """TB4"""
    on = server("mysql")
    found = find(on, "bob", f"{CIPHER}\nhosts = {host}:{on.port}\n{settings.format(certificates())}")
    assert (found == "some") == good, found
    assert good or "ertificate" in str(found) or "TLS" in str(found) or "SSL" in str(found)


def test_mysql_option_file(mta: Mta, find: Callable[..., object]) -> None:
    on = server("mysql")
    options = mta.config / "my.cnf"
    options.write_text(f"[client]\nport = {on.port}\n[mail]\nport = 1\n[tls]\nport = {on.port}\nssl-ca = {certificates()}/ca\n")
    place = f"{SQL_KEY}\nhosts = 127.0.0.1\noption_file = {options}\n"
    assert find(on, "bob", place) == "plain"
    assert "connect" in str(find(on, "bob", place + "option_group = mail"))
    assert find(on, "bob", place.replace(SQL_KEY, CIPHER) + "option_group = tls") == "some"


@pytest.mark.parametrize("options, host, good", [
    ("sslmode=require", "127.0.0.1", True), ("sslmode=verify-full&sslrootcert={0}/ca", "127.0.0.1", True),
    ("sslmode=verify-ca&sslrootcert={0}/ca", "127.0.0.2", True), ("sslmode=verify-full&sslrootcert={0}/ca", "127.0.0.2", False),
    ("sslmode=verify-ca&sslrootcert={0}/other", "127.0.0.1", False)])
def test_postgresql_server_certificate(find: Callable[..., object], options: str, host: str, good: bool) -> None:
    """TB4"""
    on = server("pgsql")
    uri = f"postgresql://mail@localhost:{on.port}/postgres?hostaddr=127.0.0.1&host={host}&{options.format(certificates())}"
    found = find(on, "bob", f"query = SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()\nhosts = {uri}")
    assert (found == "t") == good, found
    assert good or "ertificate" in str(found)


@pytest.mark.parametrize("kind", ["mysql", "pgsql"])
def test_parameters_in_main_cf(mta: Mta, kind: str) -> None:
    settings = (server(kind).place() + "\n" + SQL_KEY).splitlines()
    mta.configure(**{f"x{kind}_{name.strip()}": value.strip() for name, _, value in (each.partition("=") for each in settings)})
    assert mta.run("postmap", "-q", "bob", f"{kind}:x{kind}").stdout == "plain\n"


# -- LDAP -------------------------------------------------------------------------------------------

GROUP = "query_filter = (cn=%s)\nresult_attribute =\nleaf_result_attribute = mail\nspecial_result_attribute = member"


def test_ldap_groups(find: Callable[..., object]) -> None:
    assert find(server("ldap"), "all", GROUP) == "one,two,alice"
    assert find(server("ldap"), "bob", GROUP) == "plain"
    assert find(server("ldap"), "all", GROUP + "\nterminal_result_attribute = cn") == "all"


def test_ldap_loop_ends(find: Callable[..., object]) -> None:
    """TB5"""
    assert "recursion_limit" in str(find(server("ldap"), "loop", GROUP + "\nrecursion_limit = 20"))


def test_ldap_bad_reference_is_an_error(find: Callable[..., object]) -> None:
    """TB5: and the server is asked again afterwards."""
    on, settings = server("ldap"), GROUP.replace("member", "description")
    assert "search" in str(find(on, "badref", settings))
    assert find(on, "bob", settings) == "plain"


@pytest.mark.parametrize("settings, said", [
    ("bind_pw = wrong", "bind"), ("scope = odd", "scope"), ("server_host = 127.0.0.1:1", "bind"),
    ("bind = maybe", "bind"), ("query_filter = (cn=%s", "search"), ("version = 4", "version")])
def test_ldap_errors(find: Callable[..., object], settings: str, said: str) -> None:
    """TB1"""
    assert said in str(find(server("ldap"), "bob", f"{server('ldap').keyed()}\n{settings}"))


@pytest.mark.parametrize("settings, good", [
    ("start_tls = yes", True), ("start_tls = yes\ntls_ca_cert_file = {0}/ca\ntls_require_cert = yes", True),
    ("start_tls = yes\ntls_ca_cert_file = {0}/other\ntls_require_cert = yes", False),
    ("start_tls = yes\ntls_ca_cert_file = {0}/other", True), ("start_tls = yes\ntls_require_cert = yes", False),
    ("start_tls = yes\nserver_host = ldap://127.0.0.2:{1}\ntls_ca_cert_file = {0}/ca\ntls_require_cert = yes", False),
    ("server_host = ldaps://127.0.0.1:{2}\ntls_ca_cert_file = {0}/ca\ntls_require_cert = yes", True),
    ("server_host = ldaps://127.0.0.1:{2}\ntls_ca_cert_file = {0}/other\ntls_require_cert = yes", False),
    ("start_tls = yes\ntls_cert = {0}/cert\ntls_key = {0}/key", True), ("start_tls = yes\ntls_ca_cert_file = {0}/none", False),
    ("start_tls = yes\nversion = 2", True), ("start_tls = yes\ntls_cipher_suite = nonsense", False)])
def test_ldap_server_certificate(find: Callable[..., object], settings: str, good: bool) -> None:
    """TB4"""
    on = server("ldap")
    assert isinstance(on, Ldap)
    found = find(on, "bob", f"{on.keyed()}\n{settings.format(certificates(), on.port, on.tls_port)}")
    assert (found == "plain") == good, found


def test_ldap_old_ways_to_name_the_server(find: Callable[..., object]) -> None:
    on = server("ldap")
    assert find(on, "bob", f"{on.keyed()}\nserver_host = 127.0.0.1\nserver_port = {on.port}") == "plain"
    assert find(on, "bob", f"{on.keyed()}\nserver_host = 127.0.0.1:1 127.0.0.1:{on.port}\nbind = no\nscope = one") == "plain"


# -- caches -----------------------------------------------------------------------------------------


def test_redis_is_written_with_expiry(mta: Mta, find: Callable[..., object]) -> None:
    on = server("redis")
    assert isinstance(on, Redis)
    assert find(on, "fresh", "ttl = 100") is None
    table = on.table(mta, "ttl = 100")
    assert mta.run("postmap", "-i", table, input="fresh new value\n").returncode == 0
    assert find(on, "fresh", "ttl = 100") == "new value"
    left = subprocess.run([*on.client, "ttl", "mail:fresh"], capture_output=True, check=True).stdout
    assert 90 <= int(left) <= 100
    assert "fresh\tnew value" in mta.run("postmap", "-s", table).stdout.splitlines()
    assert mta.run("postmap", "-d", "fresh", table).returncode == 0
    assert find(on, "fresh", "") is None


@pytest.mark.parametrize("settings, said", [("password = wrong", "WRONGPASS"), ("dbnumber = 99", "DB index"),
                                            ("hosts = 127.0.0.1:1", "refused"), ("value_size_limit = 2", "value_size_limit")])
def test_redis_errors(find: Callable[..., object], settings: str, said: str) -> None:
    assert said in str(find(server("redis"), "bob", settings))


def test_memcache_keeps_what_its_backup_said(mta: Mta, find: Callable[..., object]) -> None:
    on = server("memcache")
    assert find(on, "cached", "backup = inline:{cached=first}") == "first"
    assert find(on, "cached", "") == "first"
    assert find(on, "cached", "key_format = other-%s") is None
    table = on.table(mta, "ttl = 1\nkey_digest = sha256")
    assert mta.run("postmap", "-i", table, input='"a b" with a blank\n').returncode == 0
    assert find(on, '"a b"', "key_digest = sha256") == "with a blank"
    assert poll(lambda: find(on, '"a b"', "key_digest = sha256") is None)


def test_memcache_keys_are_no_commands(find: Callable[..., object]) -> None:
    """TB13"""
    on = server("memcache")
    assert find(on, "x y", "") is None and find(on, "x" * 300, "") is None
    assert find(on, "x y", "backup = static:y") == "y"


@pytest.mark.parametrize("settings, said", [("memcache = inet:127.0.0.1:1", "refused"), ("key_digest = crc", "key_digest"),
                                            ("memcache = nowhere", "endpoint"), ("data_size_limit = 2", "data_size_limit")])
def test_memcache_errors(mta: Mta, find: Callable[..., object], settings: str, said: str) -> None:
    on = server("memcache")
    mta.run("postmap", "-i", on.table(mta, ""), input="large value\n")
    assert said in str(find(on, "large", settings))

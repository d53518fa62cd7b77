"""postfix non-bdb: hash and btree of an old main.cf served by other types."""
from typing import Callable

import pytest

from conftest import new_mta
from mta import PRIVILEGED, Mta


def test_levels() -> None:
    with new_mta({"default_database_type": "texthash", "default_cache_db_type": "lmdb"}) as mta:
        (mta.config / "map").write_text("key value\n")

        def non_bdb(what: str) -> tuple[int, str]:
            done = mta.run("postfix", "non-bdb", what)
            return done.returncode, done.stdout

        def find() -> str:
            return mta.run("postmap", "-q", "key", f"hash:{mta.config}/map").stdout
        assert non_bdb("status") == (0, "disable\n") and find() == ""
        assert non_bdb("enable-redirect") == (0, "")
        assert non_bdb("status") == (0, "enable-redirect\n") and find() == "value\n"
        assert non_bdb("disable") == (0, "") and find() == ""
        assert non_bdb("enable-reindex") == (0, "") and non_bdb("status") == (0, "enable-reindex\n")


@pytest.mark.skipif(not PRIVILEGED, reason="root acts for others")
def test_missing_files_are_made_by_a_service(make_mta: Callable[..., Mta]) -> None:
    """For a process that may not write beside the source; but not everywhere, and only where nobody else can write."""
    mta = make_mta({"default_database_type": "lmdb", "default_cache_db_type": "lmdb", "proxy_read_maps": " ".join(
        f"proxy:hash:$config_directory/{name}" for name in ("maps/table", "maps/aliases", "open/table", "elsewhere"))})
    mta.configure(non_bdb_migration_allow_root_prefixes=f"{mta.config}/maps {mta.config}/open")
    for name in ("maps", "open"):
        (mta.config / name).mkdir(mode=0o755)
    (mta.config / "open").chmod(0o777)
    for name, text in (("maps/table", "key value\n"), ("maps/aliases", "key: alias\n"), ("open/table", "key other\n"),
                       ("elsewhere", "key there\n")):
        (mta.config / name).write_text(text)
    assert mta.run("postfix", "non-bdb", "enable-reindex").returncode == 0
    assert "nbdb_reindexd" in mta.run("postconf", "-M", "nbdb_reindex/unix").stdout
    mta.postfix("start")
    found = {name: mta.run("postmap", "-q", "key", f"proxy:hash:{mta.config}/{name}").stdout.strip()
             for name in ("maps/table", "maps/aliases", "open/table", "elsewhere")}
    assert found == {"maps/table": "value", "maps/aliases": "alias", "open/table": "other", "elsewhere": ""}
    assert sorted(str(path.relative_to(mta.config)) for path in mta.config.rglob("*.lmdb")) == ["maps/aliases.lmdb", "maps/table.lmdb"]
    mta.wait_log(r"nbdb_reindexd\[\d+\]: postmap lmdb:\S+/maps/table$")
    mta.wait_log(r"nbdb_reindexd\[\d+\]: warning: \S+/open: others may write to this directory")


@pytest.mark.parametrize("arguments", [["nonsense"], [], ["enable-redirect"]])
def test_refused(arguments: list[str]) -> None:
    """The last: to Berkeley DB there is nothing to redirect."""
    with new_mta({"default_database_type": "hash", "default_cache_db_type": "btree"}) as mta:
        assert mta.run("postfix", "non-bdb", *arguments).returncode != 0
        assert mta.run("postfix", "non-bdb", "status").stdout == "disable\n"

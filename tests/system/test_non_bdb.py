"""postfix non-bdb: hash and btree of an old main.cf served by other types."""
import pytest

from conftest import new_mta


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


@pytest.mark.parametrize("arguments", [["nonsense"], [], ["enable-redirect"]])
def test_refused(arguments: list[str]) -> None:
    """The last: to Berkeley DB there is nothing to redirect."""
    with new_mta({"default_database_type": "hash", "default_cache_db_type": "btree"}) as mta:
        assert mta.run("postfix", "non-bdb", *arguments).returncode != 0
        assert mta.run("postfix", "non-bdb", "status").stdout == "disable\n"

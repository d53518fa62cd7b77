"""Nobody holds a service that is not needed: kept connections end, and the processes behind them leave."""
from typing import Callable

from mta import Mta, poll

MakeMta = Callable[..., Mta]


def test_the_queue_manager_lets_trivial_rewrite_go(make_mta: MakeMta) -> None:
    mta = make_mta({"max_idle": "1s", "ipc_idle": "1s"}).start()
    for _ in range(2):      # and finds the next one
        mta.wait_removed(mta.send("bob@example.test", "alice@example.test"))
        assert mta.children("trivial-rewrite")
        poll(lambda: not mta.children("trivial-rewrite"), what="the end of trivial-rewrite")
    assert mta.children("qmgr") and "warning" not in mta.log()


def test_an_old_connection_to_trivial_rewrite_is_not_kept(make_mta: MakeMta) -> None:
    mta = make_mta({"max_use": "1", "ipc_ttl": "1s", "transport_maps": "inline:{elsewhere.test=discard}"}).start()
    for number in range(5):
        mta.wait_removed(mta.send("bob@example.test", f"x{number}@elsewhere.test"))
    assert "warning" not in mta.log()

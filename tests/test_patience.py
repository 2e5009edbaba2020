from __future__ import annotations

import pytest

from tests import patience
from tests.patience import eventually, patience_s, slowness


def test_eventually_gives_what_it_has_waited_for() -> None:
    numbers = iter(range(10))
    assert eventually(lambda: next(numbers), lambda number: number > 2) == 3


def test_eventually_tells_what_it_has_seen_last_when_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_IDLE_PATIENCE_S", 0.0)
    with pytest.raises(AssertionError, match=r"^It did not happen in time\. Seen last: 'pending'"):
        eventually(lambda: "pending", lambda state: state == "done")


def test_loop_that_waits_fails_when_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_IDLE_PATIENCE_S", 0.0)
    with pytest.raises(pytest.fail.Exception, match=r"^It did not happen in time\.$"):
        list(patience.turns())


def test_patience_lasts_as_many_times_longer_as_the_machine_is_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_measured", lambda _: 4.0)
    assert (slowness(), patience_s()) == (4.0, 4 * patience._IDLE_PATIENCE_S)
    began = patience.Patience()
    monkeypatch.setattr(began, "_began", began._began - 3 * patience._IDLE_PATIENCE_S)
    assert began.is_left()
    # The machine counts as slow as it has been, also when the load is gone.
    monkeypatch.setattr(patience, "_measured", lambda _: 1.0)
    monkeypatch.setattr(began, "_began", began._began - 0.9 * patience._IDLE_PATIENCE_S)
    assert began.is_left()
    monkeypatch.setattr(began, "_began", began._began - patience._IDLE_PATIENCE_S)
    assert not began.is_left()

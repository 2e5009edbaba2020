"""Rollouts of a tiny model, on a real emulator through the real SDK."""

from __future__ import annotations

import pytest

from tests.components.vertex.registered import champion, register, rolled_out, traffic, answered_share
from tests.emulator.vertex_emulator import VertexEmulator

pytestmark = pytest.mark.run


def test_roll_out_brings_a_first_version_to_all_traffic(vertex: VertexEmulator) -> None:
    import time
    t=time.time()
    v = register(0.9)
    print('reg', time.time()-t)
    rolled_out(v)
    print('roll', time.time()-t)
    assert traffic() == {"1": 100}
    assert champion() == "1"
    assert answered_share() == 0.9
    print('q', time.time()-t)
    assert 0

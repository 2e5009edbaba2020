from __future__ import annotations

import numpy as np
import pytest

from trainer.training.chunks import ChunkFeed, Stretch, chunk_of, share_of
from trainer.training.encoded_rows import EncodedRows
from trainer.training.step_plan import StepPlan

pytestmark = pytest.mark.tensorflow


def rows(count: int) -> EncodedRows:
    numbers = np.arange(1, count + 1, dtype=np.int32)
    return EncodedRows(numbers[:, np.newaxis].astype(np.float32), np.zeros([count, 0], np.int32), numbers)


def shape(stretch: Stretch) -> tuple[int, int, int]:
    return stretch.first, stretch.steps, stretch.rows


def test_chunk_is_filled_up_to_its_size() -> None:
    chunk = chunk_of(rows(3), 5)
    assert chunk.rows == 3
    assert chunk.numbers.numpy()[:, 0].tolist() == [1, 2, 3, 0, 0]
    assert chunk.labels.numpy().tolist() == [1, 2, 3, 0, 0]
    assert chunk.ids.shape == (5, 0)


def test_feed_deals_steps_across_chunks_and_goes_on_where_it_stopped() -> None:
    feed = ChunkFeed([chunk_of(rows(20), 20), chunk_of(rows(20), 20)], batch_size=5)
    assert [shape(stretch) for stretch in feed.take(3)] == [(0, 3, 15)]
    assert [shape(stretch) for stretch in feed.take(4)] == [(3, 1, 5), (0, 3, 15)]
    assert [shape(stretch) for stretch in feed.take(9)] == [(3, 1, 5)]
    assert not list(feed.take(1))


def test_feed_ends_with_a_smaller_batch() -> None:
    feed = ChunkFeed([chunk_of(rows(12), 20)], batch_size=5)
    assert [shape(stretch) for stretch in feed.take(2)] == [(0, 2, 10)]
    assert [shape(stretch) for stretch in feed.take(5)] == [(2, 1, 2)]


def test_feed_takes_no_chunk_before_its_turn() -> None:
    chunks = iter([chunk_of(rows(5), 5), chunk_of(rows(5), 5)])
    list(ChunkFeed(chunks, batch_size=5).take(1))
    assert len(list(chunks)) == 1


def test_replicas_take_their_places_of_each_batch() -> None:
    shares = [share_of(rows(17), StepPlan(8, 24, replicas=2, rank=rank)) for rank in (0, 1)]
    assert [share.labels.numpy().tolist() for share in shares] == [
        [1, 2, 3, 4, 9, 10, 11, 12, 17, 0, 0, 0],
        [5, 6, 7, 8, 13, 14, 15, 16, 0, 0, 0, 0],
    ]
    assert [share.rows for share in shares] == [17, 17]
    feeds = [ChunkFeed([share], batch_size=8) for share in shares]
    assert [[shape(stretch) for stretch in feed.take(9)] for feed in feeds] == [[(0, 3, 17)], [(0, 3, 17)]]

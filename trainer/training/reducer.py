"""Sums numbers over the replicas of a training, in one flat vector at a time."""

from __future__ import annotations

import contextlib
import faulthandler
import itertools
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trainer.errors import TrainingError
from trainer.training.rendezvous import meet
from trainer.training.replicas import Cluster

if TYPE_CHECKING:
    import tensorflow as tf

log = logging.getLogger(__name__)

# Between the moment when all replicas are there and the first thing that they do together.
_START_S = 120
_GROUP = 1


class Reducer:
    """The sums of a training that is alone: what it has itself.

    Attributes:
        size: How many replicas there are.
        rank: The place of this one, from 0.
    """

    size = 1
    rank = 0

    @property
    def is_primary(self) -> bool:
        """Whether this is the one that evaluates and writes."""
        return self.rank == 0

    def sum(self, flat: tf.Tensor) -> tf.Tensor:
        """The sum of a vector over all replicas, which must all ask for it, in the same order.

        Args:
            flat: A vector, of the same length and type everywhere.

        Raises:
            tf.errors.UnavailableError: A replica is lost.
        """
        return flat

    def told(self, numbers: Sequence[int]) -> list[int]:
        """The whole numbers that the primary gives, for all; those of the others are not looked at."""
        return list(numbers)

    def agreed(self, wish: bool) -> bool:
        """Whether a replica wished to stop when numbers were last summed, which is the same for all of them.

        Args:
            wish: Whether this one does. The others know it with the next sum.
        """
        return wish


ALONE = Reducer()


class CollectiveReducer(Reducer):
    """Sums by TensorFlow's collective operations, whose servers run.

    Each vector is one number longer on its way: whether a replica wishes to stop goes along with whatever is summed,
    since every operation takes a millisecond or two however little it carries.

    Args:
        cluster: The replicas.
    """

    def __init__(self, cluster: Cluster) -> None:
        import tensorflow as tf

        self.size, self.rank = cluster.size, cluster.rank
        self._keys = itertools.count(1)
        with tf.device("CPU:0"):
            self._wish = tf.Variable(0.0, trainable=False)
            self._wishes = tf.Variable(0.0, trainable=False)

    def sum(self, flat: tf.Tensor) -> tf.Tensor:
        """As `Reducer.sum`. XLA cannot compile it on a CPU, and says so by no error."""
        import tensorflow as tf

        with tf.device("CPU:0"):
            summed = tf.raw_ops.CollectiveReduceV2(
                input=tf.concat([flat, tf.cast(self._wish, flat.dtype)[tf.newaxis]], 0),
                group_size=self.size,
                group_key=_GROUP,
                instance_key=next(self._keys),
                ordering_token=[],
                merge_op="Add",
                final_op="Id",
                communication_hint="ring",
            )
            self._wishes.assign(tf.cast(summed[-1], tf.float32))
            return summed[:-1]

    def told(self, numbers: Sequence[int]) -> list[int]:
        """As `Reducer.told`."""
        import tensorflow as tf

        own = numbers if self.is_primary else [0] * len(numbers)
        return [int(number) for number in self.sum(tf.constant(own, tf.int64)).numpy()]

    def agreed(self, wish: bool) -> bool:
        """As `Reducer.agreed`."""
        self._wish.assign(float(wish))
        return bool(self._wishes.numpy())


@contextmanager
def joined(cluster: Cluster) -> Iterator[Reducer]:
    """The sums over a cluster's replicas, from where all are there to where the primary is done.

    To be entered before TensorFlow has computed anything in this process.

    Args:
        cluster: The replicas, of which this may be the only one.

    Raises:
        TrainingError: One of them did not come, or is lost.
    """
    if cluster.size == 1:
        yield ALONE
        return
    own = cluster.members[cluster.rank]
    log.info("this replica is %s, number %d of %d", own, cluster.rank + 1, cluster.size)
    meet(cluster)
    _start_servers(cluster)
    import tensorflow as tf

    lost = (
        tf.errors.UnavailableError,
        tf.errors.AbortedError,
        tf.errors.CancelledError,
        tf.errors.FailedPreconditionError,
        tf.errors.DeadlineExceededError,
    )
    reducer = CollectiveReducer(cluster)
    try:
        yield reducer
    except lost as error:
        raise TrainingError(
            f"This replica, {own}, has lost another one: {_reason(error)}. Look at what the others have written. The "
            "job, started again, goes on from its newest checkpoint."
        ) from error
    with contextlib.suppress(*lost):
        reducer.told([])  # the primary's servers serve the others, and are needed while it evaluates and exports


def _start_servers(cluster: Cluster) -> None:
    """Starts TensorFlow's servers, and what watches whether the others are alive."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    # One kind of task for all: TensorFlow knows no `master`.
    spec = tf.train.ClusterSpec({"worker": [member.address for member in cluster.members]})
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        spec, task_type="worker", task_id=cluster.rank, rpc_layer="grpc"
    )
    # A replica that is lost just now would be waited for without an end, the interpreter's lock held.
    faulthandler.dump_traceback_later(_START_S, exit=True, file=sys.__stderr__ or 2)
    try:
        tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    finally:
        faulthandler.cancel_dump_traceback_later()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))  # TensorFlow has taken it


def _reason(error: tf.errors.OpError) -> str:
    """The line of TensorFlow's that tells most, without where in the graph it happened."""
    lines = [line.strip() for line in str(error.message).splitlines()]
    telling = [line for line in lines if "aborted by" in line]
    return (telling or lines or [""])[0].rstrip(".")

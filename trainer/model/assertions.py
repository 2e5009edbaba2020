"""What a graph holds the cells of a matrix to, column by column."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf


def required(accepted: tf.Tensor, names: Collection[str], fault: str) -> Any:
    """A context whose operations run only if all of a matrix is true; else the message names the first column at fault.

    Args:
        accepted: bool [N, len(names)].
        names: The columns, at least one.
        fault: What is wrong with a column where one is not, behind its name: `holds ...`.
    """
    import tensorflow as tf

    of_column = tf.reduce_all(accepted, axis=0)
    name = tf.gather(list(names), tf.argmin(tf.cast(of_column, tf.int32)))
    told = tf.strings.join(['Column "', name, f'" {fault}'])
    return tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(of_column), [told])])

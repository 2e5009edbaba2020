"""The formats of a contract's numbers and dates, read in the exported graph by the patterns that tables are read by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.contract.date_format import DAY_S, MONTHS, DateFormat, days_and_seconds
from trainer.contract.number_format import NumberFormat

if TYPE_CHECKING:
    import tensorflow as tf

# No number, and said to be none by whatever reads the number of a text.
_NO_NUMBER = "no number"


def plain_numbers(texts: tf.Tensor, form: NumberFormat) -> tf.Tensor:
    """Trimmed texts, string [N], as `NumberFormat.plain` writes them; a blank one stays, others become no number."""
    import tensorflow as tf

    plain = tf.where(texts == "", "", _NO_NUMBER)
    for whole, digits in form.rewritings:
        rewritten = tf.strings.regex_replace(texts, whole, digits)
        if form.separators:
            rewritten = tf.strings.regex_replace(rewritten, form.separators, "")
        point = tf.strings.regex_replace(rewritten, f"[{form.decimal}]", ".")
        plain = tf.where(tf.strings.regex_full_match(texts, whole), point, plain)
    return plain


def days(texts: tf.Tensor, form: DateFormat, column: str) -> tf.Tensor:
    """Days since the start of 2000 of trimmed texts, string [N], as float32 [N]; NaN for a blank one.

    Raises:
        tf.errors.InvalidArgumentError: When run, on a text that is no date of the format; it names the column.
    """
    import tensorflow as tf

    pattern = f"^(?:{form.pattern})$"
    blank, fits = texts == "", tf.strings.regex_full_match(texts, pattern)
    # What is no date is read as the start of a century, and refused or made a blank below.
    dates = tf.where(fits, texts, form.written(0.0))
    numbers = {
        field: _number(field, tf.strings.regex_replace(dates, pattern, rf"\{group}"))
        for group, field in enumerate(form.fields, 1)
    }
    whole_days, seconds, surplus = days_and_seconds(numbers)
    exact = tf.cast(whole_days, tf.float64) + tf.cast(seconds, tf.float64) / DAY_S
    accepted = tf.logical_or(blank, tf.logical_and(fits, tf.broadcast_to(surplus <= 0, tf.shape(fits))))
    message = f'Column "{column}" holds what is no date of the format {form.text}.'
    with tf.control_dependencies([tf.debugging.assert_equal(accepted, True, message=message)]):
        return tf.where(blank, float("nan"), tf.cast(exact, tf.float32))


def _number(field: str, texts: tf.Tensor) -> tf.Tensor:
    """What the texts of a group count, int64 [N]; see `trainer.contract.date_format.number_of`."""
    import tensorflow as tf

    if field == "month_name":
        short = tf.strings.lower(tf.strings.substr(texts, 0, 3))
        return tf.argmax(short[:, tf.newaxis] == tf.constant(MONTHS), axis=1) + 1
    if field == "meridiem":
        return tf.where(tf.strings.lower(texts) == "pm", tf.constant(12, tf.int64), 0)
    if field == "zone":
        digits = tf.strings.regex_replace(tf.strings.regex_replace(texts, ":", ""), "^Z$", "+0000")
        sign = tf.where(tf.strings.substr(digits, 0, 1) == "-", tf.constant(-1, tf.int64), 1)
        return sign * (60 * _integer(tf.strings.substr(digits, 1, 2)) + _integer(tf.strings.substr(digits, 3, 2)))
    return _integer(texts)


def _integer(texts: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.strings.to_number(texts, tf.int64)

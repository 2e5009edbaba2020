"""What the text of a cell means, in patterns that Python's re and RE2 read alike.

Tables and the server read cells in Python, the exported graph reads them with RE2: by these patterns they agree, where
`str.strip` and `float` of Python, pyarrow's conversions and TensorFlow's `strip` and `to_number` do not.
"""

from __future__ import annotations

# A decimal number: 5, -0.2, .5, 1e-3; no hexadecimal digits, no `nan`, no `1_000`.
NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
# What is no part of a cell at its ends, as a class of characters: what `str.isspace` knows.
WHITE_SPACE = "[\t\n\v\f\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
# Stands in no cell: the csv modules of this world do not agree on what it is.
NUL = "\0"

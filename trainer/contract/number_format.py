"""Numbers as people write them: with a currency or a unit, thousands set apart, a decimal comma, other minus signs.

A format is the number 1234.5 as the column writes it: `$1,234.5`, `1.234,5 €`, `1 234.5 kg`, `1234.5%`. It comes down
to a few patterns that Python's re and RE2 read alike, so that tables (Python and arrow) and the exported graph
(TensorFlow) read each cell by the very same rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

# Of Unicode's separators those that stand in numbers; re and RE2 have no escape in common for them.
SPACES = " \t\u00a0\u2000-\u200a\u202f\u205f\u3000"
MINUS = "\\-\u2010-\u2013\u2212\ufe63\uff0d"
APOSTROPHES = "'\u2019"
_EXAMPLE = re.compile(
    rf"(?P<prefix>[^0-9()+{MINUS}]*?)[{SPACES}]*1(?P<thousands>[.,_{APOSTROPHES}{SPACES}]?)234(?:(?P<decimal>[.,])5)?"
    rf"[{SPACES}]*(?P<suffix>(?:[^0-9.,()+{MINUS}][^()+{MINUS}]*)?)"
)
_GAP = f"[{SPACES}]*"


@dataclass(frozen=True)
class NumberFormat:
    """How a column writes its numbers.

    Whatever the format, a cell may leave its affixes and its thousands' separators out, and say that it is negative by
    any minus sign, before or behind the number, or by parentheses.

    Attributes:
        prefix: What may stand before a number, such as `$`.
        suffix: What may stand behind one, such as `%`; it changes nothing of its value.
        thousands: What sets thousands apart; empty if nothing does.
        decimal: What stands before the fraction.
    """

    prefix: str = ""
    suffix: str = ""
    thousands: str = ""
    decimal: str = "."

    @classmethod
    def of(cls, example: str) -> NumberFormat:
        """The format that writes 1234.5 so.

        Raises:
            ValueError: It is not the number 1234.5, however written.
        """
        found = _EXAMPLE.fullmatch(example)
        if found is None or (found["decimal"] and found["decimal"] == found["thousands"]):
            raise ValueError(
                'must be the number 1234.5 as the column writes it, such as "$1,234.5" or "1.234,5 €" or "1234.5%"'
            )
        decimal = found["decimal"] or ("," if found["thousands"] == "." else ".")
        return cls(found["prefix"], found["suffix"], found["thousands"], decimal)

    @property
    def example(self) -> str:
        """The number 1234.5 in this format."""
        gap = " " if self.suffix[:1].isalpha() else ""
        return f"{self.prefix}1{self.thousands}234{self.decimal}5{gap}{self.suffix}"

    @cached_property
    def rewritings(self) -> tuple[tuple[str, str], ...]:
        """Patterns of a whole cell, of which at most one fits, each with what makes its sign and digits of it."""
        before, behind = self._optional(self.prefix), self._optional(self.suffix)
        positive = [rf"{before}\+?{_GAP}({self._digits}){behind}"]
        negative = [
            rf"[{MINUS}]{_GAP}{before}({self._digits}){behind}",
            rf"{before}({self._digits}){_GAP}[{MINUS}]{behind}",
            rf"\({_GAP}{before}({self._digits}){behind}{_GAP}\){behind}",
        ]
        if self.prefix:
            prefix = re.escape(self.prefix) + _GAP
            positive.append(rf"\+{_GAP}{prefix}({self._digits}){behind}")
            negative.append(rf"{prefix}[{MINUS}]{_GAP}({self._digits}){behind}")
            negative.append(rf"{prefix}\({_GAP}({self._digits}){_GAP}\){behind}")
        return tuple(
            (f"^(?:{'|'.join(forms)})$", sign + "".join(f"\\{group}" for group in range(1, len(forms) + 1)))
            for sign, forms in (("", positive), ("-", negative))
        )

    @property
    def separators(self) -> str:
        """A pattern of what sets thousands apart; empty if nothing does."""
        if not self.thousands:
            return ""
        alike = (SPACES, APOSTROPHES)
        return next((f"[{marks}]" for marks in alike if re.match(f"[{marks}]", self.thousands)), f"[{self.thousands}]")

    def plain(self, text: str) -> str | None:
        """A trimmed cell as a contract's own numbers are written: `-1007.5`; None if it is not in this format."""
        for pattern, digits in self._compiled:
            if pattern.fullmatch(text):
                plain = pattern.sub(digits, text)
                plain = re.sub(self.separators, "", plain) if self.separators else plain
                return plain.replace(self.decimal, ".")
        return None

    def written(self, number: float) -> str:
        """A number as this format has it, without affixes."""
        return repr(number).replace(".", self.decimal)

    @cached_property
    def _compiled(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(pattern), digits) for pattern, digits in self.rewritings]

    @property
    def _digits(self) -> str:
        mark, point = self.separators, f"[{self.decimal}]"
        whole = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}|[0-9]+" if mark else "[0-9]+"
        return rf"(?:(?:{whole})(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"

    @staticmethod
    def _optional(affix: str) -> str:
        return rf"{_GAP}(?:{re.escape(affix)})?{_GAP}" if affix else ""

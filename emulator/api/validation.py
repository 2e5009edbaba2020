"""Rules that resources share: display names, labels, service accounts, field masks."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from emulator.api.errors import Violation

LONGEST_DISPLAY_NAME = 128
MOST_LABELS = 64
LONGEST_LABEL = 63
LARGEST_LABEL_BYTES = 127
# Lowercase, uncased (as in Chinese or Arabic), and every kind of digit.
LABEL_CATEGORIES = {"Ll", "Lo", "Nd", "Nl", "No"}
# A guess, as is what an account looks like: Vertex AI asks IAM. The longest e-mail address that RFC 5321 has room for.
LONGEST_ACCOUNT = 254


def display_name_violations(text: str, field: str) -> list[Violation]:
    """What is wrong with a required display name: nothing, or one violation."""
    if not text:
        return [Violation(field, "is required.")]
    if len(text) > LONGEST_DISPLAY_NAME:
        return [
            Violation(
                field,
                f"must be at most {LONGEST_DISPLAY_NAME} characters long. Received: {len(text)} characters.",
            )
        ]
    return []


def label_violations(labels: Mapping[str, str], field: str) -> list[Violation]:
    """What is wrong with a resource's labels: one violation a faulty label."""
    if len(labels) > MOST_LABELS:
        return [Violation(field, f"must hold no more than {MOST_LABELS} labels. Received: {len(labels)}.")]
    violations = []
    for key, value in labels.items():
        if not key or key[0] in "_-" or not _is_label_text(key):
            violations.append(
                Violation(
                    field,
                    "label keys must start with a letter or number, be less than 64 characters and less than 128 "
                    "bytes long, and hold only lowercase letters, numbers, underscores and dashes. Received key: "
                    f'"{key}".',
                )
            )
        if not _is_label_text(value):
            violations.append(
                Violation(
                    field,
                    "label values must be less than 64 characters and less than 128 bytes long, and hold only "
                    f'lowercase letters, numbers, underscores and dashes. Received value: "{value}" of key "{key}".',
                )
            )
    return violations


def _is_label_text(text: str) -> bool:
    return (
        len(text) <= LONGEST_LABEL
        and len(text.encode("utf-8", "surrogatepass")) <= LARGEST_LABEL_BYTES
        and all(character in "_-" or unicodedata.category(character) in LABEL_CATEGORIES for character in text)
    )


def service_account_violations(account: str, field: str) -> list[Violation]:
    """What is wrong with an optional service account."""
    if len(account) > LONGEST_ACCOUNT:
        return [Violation(field, f"must be at most {LONGEST_ACCOUNT} characters long. Received: {len(account)}.")]
    if account and not _is_address(account):
        return [Violation(field, f'must be the e-mail address of a service account. Received: "{account}".')]
    return []


def _is_address(text: str) -> bool:
    """Whether a text looks like an e-mail address: SOMEONE@SOME.WHERE, without white space."""
    someone, _, where = text.partition("@")
    return bool(someone) and "@" not in where and "." in where[1:-1] and not any(map(str.isspace, text))

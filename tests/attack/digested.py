"""Contents that carry their own digest, so that a reader sees by itself whether they are whole."""

from __future__ import annotations

import base64
import hashlib
import random

import google_crc32c

_DIGEST = 64


def make(chance: random.Random, largest: int = 200_000) -> bytes:
    """A new content: a digest, and the bytes that it is of. Most are short.

    Args:
        chance: Where size and bytes come from.
        largest: The most bytes behind the digest.
    """
    payload = chance.randbytes(int(largest * chance.random() ** 3))
    return hashlib.sha256(payload).hexdigest().encode() + payload


def is_whole(content: bytes) -> bool:
    """Whether a content is one that was made, all of it and nothing else."""
    return hashlib.sha256(content[_DIGEST:]).hexdigest().encode() == content[:_DIGEST]


def sums(content: bytes) -> dict[str, str]:
    """Size and digests as the API shows them: size, md5Hash, crc32c."""
    crc32c = google_crc32c.value(content).to_bytes(4, "big")
    return {
        "size": str(len(content)),
        "md5Hash": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
        "crc32c": base64.b64encode(crc32c).decode(),
    }


def hash_header(content: bytes) -> str:
    """What X-Goog-Hash says of a content that was not composed."""
    told = sums(content)
    return f"crc32c={told['crc32c']},md5={told['md5Hash']}"

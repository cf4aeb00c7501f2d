"""Randomness that follows from a row's identity alone: hashes instead of a generator with a state."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from synth_datasets.plan.row import RowKey

__all__ = [
    "MAX_REQUEST_SEED",
    "bits",
    "bits_of_many",
    "pack",
    "request_seed",
    "row_bytes",
    "stream",
    "uniform",
]

MAX_REQUEST_SEED = 2**31 - 1
"""Every endpoint we know takes a signed 32-bit seed; 0 and negative numbers mean "random" to some."""

_BITS = 64
_MANTISSA = 53


def pack(*parts: str | int) -> bytes:
    """Encode the parts so that different ones never give the same bytes, whatever characters names hold."""
    encoded = bytearray()
    for part in parts:
        data = str(part).encode("utf-8", "surrogatepass")
        encoded += b"i" if isinstance(part, int) else b"s"
        encoded += len(data).to_bytes(4, "big")
        encoded += data
    return bytes(encoded)


def stream(seed: int, purpose: str, column: str) -> bytes:
    """Return the part of the hash input that all rows share: one stream of numbers per purpose and column."""
    return pack("synth_datasets", seed, purpose, column)


def row_bytes(key: RowKey) -> bytes:
    """Return the part of the hash input that tells this row from every other one."""
    return _place(key.split, key.stratum) + _packed(key.index)


def bits(stream: bytes, row: bytes) -> int:
    """Return 64 uniform bits (BLAKE2b, RFC 7693), the same on every machine."""
    return int.from_bytes(hashlib.blake2b(stream + row, digest_size=_BITS // 8).digest(), "big")


def bits_of_many(stream: bytes, rows: Iterable[bytes]) -> bytes:
    """Return the `bits` of each row, 8 bytes each, the highest first."""
    hashed, size = hashlib.blake2b, _BITS // 8
    return b"".join([hashed(stream + row, digest_size=size).digest() for row in rows])


def uniform(number: int) -> float:
    """Map 64 bits to a float strictly between 0 and 1, so that its logarithm exists."""
    return ((number >> (_BITS - _MANTISSA + 1)) + 0.5) / (1 << (_MANTISSA - 1))


def request_seed(stream: bytes, row: bytes, attempt: int) -> int:
    """Return the seed that this attempt sends: between 1 and `MAX_REQUEST_SEED`."""
    return 1 + bits(stream, row + _packed(attempt)) % MAX_REQUEST_SEED


def _packed(number: int) -> bytes:
    """Return what `pack` gives for one number, which every row needs."""
    data = b"%d" % number
    return b"i" + len(data).to_bytes(4, "big") + data


@lru_cache(maxsize=1024)
def _place(split: str, stratum: str) -> bytes:
    return pack(split, stratum)

"""Xet's side of the stand-in Hub: what `hf_xet` stored in a folder, by the SHA-256 that a commit names.

`hf_xet` itself keeps a store in a folder for an address `local:///...`, cut into chunks, deduplicated and compressed
as the Hub's storage has it; the Hub's part is to give it that address, and to know a file by its SHA-256 afterwards.
"""

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["TOKEN_HEADERS", "address_of", "content_of", "stored_bytes", "token_headers", "xet_hashes"]

TOKEN_HEADERS = ("X-Xet-Cas-Url", "X-Xet-Access-Token", "X-Xet-Token-Expiration")
_NEVER = 1 << 40
_ENTRY = 48
_VERIFIED, _DESCRIBED = 1 << 31, 1 << 30
_END = b"\xff" * 32


def address_of(folder: Path) -> str:
    """Return the address by which `hf_xet` knows the folder."""
    return f"local://{folder}"


def token_headers(folder: Path) -> dict[str, str]:
    """Return what the Hub answers to whoever asks for a token of its storage."""
    return dict(zip(TOKEN_HEADERS, (address_of(folder), "token", str(_NEVER)), strict=True))


def xet_hashes(folder: Path) -> dict[str, str]:
    """Return the name in Xet of each stored file, by its SHA-256."""
    shards = (folder / "xet" / "xorbs" / "shards").glob("*.mdb")
    return {sha256: name for shard in sorted(shards) for sha256, name in _files(shard.read_bytes())}


def content_of(folder: Path, name: str, size: int) -> bytes:
    """Return the bytes of a stored file, as `hf_xet` puts them together again."""
    import hf_xet

    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "file"
        given = {"endpoint": address_of(folder), "token": "token", "token_expiry_unix_secs": _NEVER}
        with hf_xet.XetSession().new_file_download_group(**given) as group:
            group.start_download_file(hf_xet.XetFileInfo(name, size), str(target))
        return target.read_bytes()


def stored_bytes(folder: Path) -> int:
    """Return how many bytes of chunks are stored."""
    return sum(
        path.stat().st_size for path in (folder / "xet" / "xorbs" / "xorbs").rglob("*") if path.is_file()
    )


def _files(shard: bytes) -> Iterator[tuple[str, str]]:
    """Yield SHA-256 and name of each file that a shard describes: 48 bytes an entry, its kinds told by flags."""
    at = _ENTRY
    while (name := shard[at : at + 32]) != _END:
        flags, entries = struct.unpack_from("<II", shard, at + 32)
        at += _ENTRY * (1 + entries * (2 if flags & _VERIFIED else 1))
        if flags & _DESCRIBED:
            yield _hex(shard[at : at + 32]), _hex(name)
            at += _ENTRY


def _hex(digest: bytes) -> str:
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", digest))

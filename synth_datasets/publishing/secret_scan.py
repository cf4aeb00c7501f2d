"""The last look before anything leaves the machine: does a text hold what looks like a key?"""

import re
from collections.abc import Iterable

from synth_datasets.errors import PublishError

__all__ = ["check_secrets", "find_secrets"]

_PATTERNS = {
    "an OpenAI-style key": r"\bsk-(?:[A-Za-z0-9]+-)*[A-Za-z0-9_-]{20,}",
    "a Hugging Face token": r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}",
    "an AWS key id": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    "a Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "a Google key": r"\bAIza[A-Za-z0-9_-]{35}",
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "a JSON Web Token": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "credentials in a URL": r"\b[a-z][a-z0-9+.-]*://[^\s/:@{}]+:[^\s/@{}]{3,}@[^\s/]+",
}
_SECRET = re.compile("|".join(f"(?P<k{index}>{pattern})" for index, pattern in enumerate(_PATTERNS.values())))
_KINDS = tuple(_PATTERNS)
_EMBEDDED = re.compile(r"base64,[A-Za-z0-9+/=]+")


def find_secrets(text: str) -> list[tuple[int, str]]:
    """Return line, counted from 1, and kind of everything that looks like a secret; never the secret.

    Pictures inside a page are left out: in a megabyte of random letters something looks like a key.
    """
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        kinds = {str(match.lastgroup) for match in _SECRET.finditer(_EMBEDDED.sub("", line))}
        found.extend((number, _KINDS[int(kind[1:])]) for kind in sorted(kinds))
    return found


def check_secrets(texts: Iterable[tuple[str, bytes]]) -> None:
    """Raise `PublishError` naming file, line and kind of each finding; binary contents are passed over."""
    found = [
        f"{path}:{line}: looks like {kind}"
        for path, content in texts
        if b"\0" not in content[:8192]
        for line, kind in find_secrets(content.decode("utf-8", "replace"))
    ]
    if found:
        raise PublishError(
            "nothing was pushed: what looks like a secret would be published\n  "
            + "\n  ".join(found)
            + "\nTake it out of the text it comes from and build again. If it was real, revoke it."
        )

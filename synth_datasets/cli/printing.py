"""What a model or a stranger wrote, made safe to print: no control character reaches the terminal."""

import re

__all__ = ["printable"]

# Controls but tab and line feed, C1 controls (a terminal obeys them as it does escapes), what turns the direction of
# text, line separators, and halves of surrogate pairs, which no encoding can write.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return the text with every such character as `\u001b`, which inside JSON means the same character."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

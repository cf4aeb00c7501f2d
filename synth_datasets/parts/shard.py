"""Which part of a plan is meant: the third of sixteen."""

import re
from dataclasses import dataclass
from typing import Self

from synth_datasets.errors import SettingsError

__all__ = ["MOST", "Shard"]

MOST = 10_000
"""Parts of one dataset."""


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One part of a plan that is dealt to `of` parts; `0/of` is what all of them need first: generated lists."""

    number: int
    """From 1 to `of`; 0 for what all need."""
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `3/16`; raises `SettingsError` for what is none."""
        match = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", text)
        if match is None:
            raise SettingsError(f"{text!r} names no part: write the third of sixteen as 3/16")
        number, of = int(match[1]), int(match[2])
        if not 1 <= of <= MOST:
            raise SettingsError(f"{text!r}: a dataset has 1 to {MOST:,} parts")
        if number > of:
            raise SettingsError(f"{text!r}: of {of} parts the last is {of}/{of}")
        return cls(number, of)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def folder(self) -> str:
        """The name of the part's folder, such as `03-of-16`: names sort like numbers."""
        return f"{self.number:0{len(str(self.of))}}-of-{self.of}"

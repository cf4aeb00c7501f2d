"""Attributes of rows whose part in a dataset is measured."""

from dataclasses import dataclass

__all__ = ["Bias", "BiasAttribute"]


@dataclass(frozen=True, slots=True)
class BiasAttribute:
    """An attribute of rows."""

    name: str
    """Of the column, where there are no terms."""
    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Words by value."""


@dataclass(frozen=True, slots=True)
class Bias:
    """What is measured; no part of any fingerprint of rows."""

    attributes: tuple[BiasAttribute, ...]
    text: str | None
    label: str | None

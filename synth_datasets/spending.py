"""What a run spends: the budget that it gets, what it will have spent in the end, and how both are told."""

from dataclasses import dataclass

from synth_datasets.errors import SettingsError
from synth_datasets.generation.backends import endpoint_identity
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.spent import Spent
from synth_datasets.prices import money
from synth_datasets.settings import Settings
from synth_datasets.spec.graph import adapters_of, asked_columns
from synth_datasets.spec.model import DatasetSpec

__all__ = ["Course", "open_budget", "spent_line"]


def open_budget(spec: DatasetSpec, settings: Settings) -> Budget:
    """Return the budget of one run, with nothing spent.

    Raises `SettingsError` when a cap cannot be kept: money without a price for each model, or answers of any length.
    """
    asked = [column.prompt.model for column in asked_columns(spec)]
    unpriced = sorted({model.id for model in asked} - settings.prices.keys())
    if settings.max_cost is not None and unpriced:
        tables = "\n".join(f'  [prices."{model}"]\n  input = ...\n  output = ...' for model in unpriced)
        raise SettingsError(
            f"max_cost needs the price of {', '.join(unpriced)}, and none is known; write it into the config file "
            f"(~/.config/synth_datasets/config.toml), for a million tokens, 0 if it is free:\n{tables}"
        )
    if settings.max_cost is None and settings.max_total_tokens is None:
        return Budget(settings)
    for model in asked:
        # What runs in this process has a limit of its own.
        if model.max_tokens is None and "://" in endpoint_identity(model.id, settings, adapters_of(spec)):
            raise SettingsError(
                f"under a cap on money or tokens the longest answer of {model.id} must be known: set `max_tokens` "
                "of the model in the spec, or --max-tokens"
            )
    return Budget(settings)


@dataclass(frozen=True, slots=True)
class Course:
    """How far a pass over the rows has come."""

    rows: int
    """That this pass and those after it will decide on."""
    columns: int
    """Of the model."""
    answered: int
    """Answers that this pass got for its requests."""
    reused: int
    """Answers that the store had."""
    rejected: int

    def share_left(self, spent: Spent) -> float | None:
        """Return what is still to be spent as a multiple of what was spent; None before there is anything to go by."""
        answers = self.answered + self.reused
        if not spent.requests or answers <= self.rejected:
            return None
        wanted = self.rows * self.columns * answers / (answers - self.rejected)
        return max(0.0, wanted - answers) / spent.requests

    def shown(self, spent: Spent, currency: str) -> dict[str, str]:
        """Return the entries of a progress line: tokens and money so far, and in the end if all goes on like this."""
        left = self.share_left(spent)
        entries = {"tokens": _short(spent.tokens)}
        if left is not None:
            entries["tokens"] += f" of ~{_short(round(spent.tokens * (1 + left)))}"
        if spent.requests and not spent.unpriced:
            entries["cost"] = money(spent.cost, currency)
            if left is not None:
                entries["cost"] += f" of ~{money(spent.cost * round(1000 * (1 + left)) / 1000, currency)}"
        return entries

    def missing(self, spent: Spent, currency: str) -> str:
        """Return what is still to be spent, for a person whose run was ended."""
        left = self.share_left(spent)
        if left is None:
            return "How much more is needed cannot be told yet; `synth build --dry-run` estimates it."
        text = f"about {round(spent.requests * left):,} more requests and {round(spent.tokens * left):,} more tokens"
        if not spent.unpriced:
            text += f", {money(spent.cost * round(1000 * left) / 1000, currency)}"
        return f"To finish, {text} are needed if all goes on as it did."


def spent_line(spent: Spent, currency: str, *, answers: int) -> str:
    """Return the last line about a run: what it asked, and how many of all `answers` the store had."""
    reused = max(0, answers - spent.answers)
    had = f"; {reused:,} answers were in the store" if reused else ""
    return f"{spent.shown(currency)}{had}"


def _short(number: int) -> str:
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= 10 * size:
            return f"{number / size:,.0f}{unit}"
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return str(number)

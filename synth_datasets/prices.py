"""What tokens cost: the price table that the user owns, and how money is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

__all__ = ["Price", "money", "read_prices"]

_KEYS = ("input", "output", "cached_input")
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Money for a million tokens of one model, in whatever currency the table is kept."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    """For prompt tokens that the provider had cached; None: they cost what the others do."""

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> Decimal:
        """Return the money; `cached_tokens` are part of `prompt_tokens`."""
        cached = self.input if self.cached_input is None else self.cached_input
        whole = (prompt_tokens - cached_tokens) * self.input + cached_tokens * cached
        return (whole + completion_tokens * self.output) / _MILLION

    @property
    def most_input(self) -> Decimal:
        """What a prompt token may cost at most, cached or not."""
        return max(self.input, self.cached_input or self.input)


def read_prices(given: object) -> dict[str, Price]:
    """Return the prices by model id from what TOML gave; raises `ValueError` that names the model at fault."""
    if not isinstance(given, Mapping):
        raise ValueError('it must be tables such as [prices."gpt-5-mini"]')  # noqa: TRY004 - settings catch ValueError
    return {str(model): _price(str(model), entry) for model, entry in given.items()}


def money(amount: Decimal, currency: str) -> str:
    """Return the amount with at least cents, and small amounts with two digits that mean something."""
    digits = 2 if not amount or amount >= 1 else min(8, max(2, 1 - amount.adjusted()))
    return f"{amount:,.{digits}f} {currency}".rstrip()


def _price(model: str, entry: object) -> Price:
    if not isinstance(entry, Mapping) or not {"input", "output"} <= entry.keys() <= set(_KEYS):
        raise ValueError(
            f"{model!r} needs `input` and `output`, for a million tokens, and may have `cached_input`"
        )
    values = {str(name): _amount(f"{model!r}: {name}", value) for name, value in entry.items()}
    return Price(input=values["input"], output=values["output"], cached_input=values.get("cached_input"))


def _amount(where: str, value: object) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(value, bool) or not amount.is_finite() or amount < 0:
        raise ValueError(f"{where} = {value!r} is no price")
    return amount

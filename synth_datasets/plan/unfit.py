"""The verdict of a rule on the answers that it reads."""

__all__ = ["Unfit"]


class Unfit(Exception):  # noqa: N818 - no error: a verdict on an answer, on its way up
    """No value can be made of what a model column says: its answer is rejected and asked again."""

    def __init__(self, reason: str, detail: str, column: str, derived: str = "") -> None:
        """`reason` is one of `validation.reasons`, `column` what is at fault, `derived` what was to be made."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.column = column
        self.derived = derived

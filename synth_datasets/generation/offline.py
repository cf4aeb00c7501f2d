"""What is raised when nobody may be asked and the store does not hold every answer."""

from synth_datasets.errors import EndpointError

__all__ = ["AnswerMissingError"]


class AnswerMissingError(EndpointError):
    """The store does not hold an answer that is needed, and nobody may be asked."""

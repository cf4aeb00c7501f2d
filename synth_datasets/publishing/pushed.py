"""What a push did, or would do."""

from dataclasses import dataclass
from typing import Literal

from synth_datasets.publishing.remote import Change

__all__ = ["PushResult", "Status"]

Status = Literal["published", "proposed", "already_published", "dry_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushResult:
    """What a push did, or would do."""

    status: Status
    """`proposed`: it waits in a pull request, without a tag."""
    repo_id: str
    """Or the address of another home."""
    url: str
    """Of the repository, or of the pull request."""
    tag: str
    commit: str | None
    """The tagged commit, or what identifies the version in a home without commits; None for a dry run."""
    private: bool | None
    """Of the repository as it is, whatever was asked for; or as it would be created. None where others decide."""
    creates: bool
    """Whether the repository did not exist before."""
    files: tuple[tuple[str, int], ...]
    """Path and bytes of all that belongs to the version."""
    changes: tuple[Change, ...]
    """What the commit changes; empty when only the tag was missing."""
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(size for _, size in self.files)

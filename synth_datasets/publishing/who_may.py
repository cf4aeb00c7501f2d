"""Before a push to the Hub: what the repository holds, and whether this token may write at all."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import PublishError
from synth_datasets.publishing.hub_errors import told_plainly
from synth_datasets.publishing.remote import Remote, read_remote

if TYPE_CHECKING:
    from huggingface_hub import HfApi

__all__ = ["check_repo_id", "look"]


def check_repo_id(repo_id: str) -> None:
    """Raise for what is no owner/name; the client's own error, or `PublishError`."""
    from huggingface_hub.utils import validate_repo_id

    validate_repo_id(repo_id)
    if "/" not in repo_id:
        raise PublishError(f"{repo_id!r} names no owner: write it as owner/name")


def look(api: "HfApi", repo_id: str, *, dry_run: bool) -> tuple[Remote, str, tuple[str, ...]]:
    """Read the repository, and who asks; a dry run goes on without the Hub, and says so."""
    try:
        with told_plainly(repo_id, "looking at"):
            # A missing and a bad token look like a missing repository otherwise.
            who = "" if dry_run else _who(api.whoami())
            return read_remote(api, repo_id), who, ()
    except PublishError as error:
        if not dry_run:
            raise
        return Remote(head=None), "", (f"not compared with the Hub: {error}",)


def _who(told: Mapping[str, Any]) -> str:
    """Return whose token it is; raises `PublishError` for one that can only read."""
    name = str(told.get("name"))
    if ((told.get("auth") or {}).get("accessToken") or {}).get("role") == "read":
        raise PublishError(
            f"this token of {name} may not write there, for its role is `read`: make one of the role `write`, or a "
            "fine-grained one, under Settings, Access Tokens, then run `hf auth login` or set HF_TOKEN"
        )
    organisations = ", ".join(str(each.get("name")) for each in told.get("orgs") or ())
    return f"{name}, in {organisations}" if organisations else f"{name}, in no organisation"

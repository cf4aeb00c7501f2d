"""What a build owes the release whose place it takes: its proof by training, and a word where rows or figures go."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.proof.result import Proof
from synth_datasets.publishing.beside import PROOF_FILES, REAL_FILE
from synth_datasets.publishing.lock import LOCK_FILE
from synth_datasets.publishing.proof import add_proof, read_proof
from synth_datasets.publishing.release import Release, read_release

__all__ = ["Replaced", "replaced_at"]

_JSON, _PNG, _ = PROOF_FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """The release that lies where another one is to be written."""

    release: Release
    proof: tuple[Proof, bytes] | None
    """What `synth prove` put into it, with the picture."""
    beside_real: bool
    """Whether figures beside real rows were put into it."""

    def check(self, fingerprint: str) -> None:
        """Raise `PublishError` when rows of another spec would take the place of what was proved of these."""
        if self.proof is not None and fingerprint != self.release.fingerprint:
            folder = self.release.folder
            raise PublishError(
                f"{folder} holds what `synth prove` found of its rows, which replacing them would lose: choose another "
                f"folder (-o), move this one away, or remove {folder / _JSON}"
            )

    def settle(self, by: Release) -> Iterator[str]:
        """Put the proof into the new release, if its rows are the same; yield a line for rows and figures that went."""
        before, now = sum(self.release.splits.values()), sum(by.splits.values())
        if now < before:
            yield (
                f"{by.folder} held {before:,} rows and holds {now:,} now; built again as it was, they come back from "
                "the stored answers at no cost (-o names another folder)"
            )
        if self.proof is not None and by.digest == self.release.digest:
            add_proof(by.folder, *self.proof, title=f"{by.folder}: proof by training")
        elif self.proof is not None:
            yield f"What `synth prove` had found is of other rows than {by.folder} holds now, and went with them"
        if self.beside_real and not (by.folder / REAL_FILE).is_file():
            yield f"The figures beside real rows in {by.folder} went with the release before: --real FILE adds them"


def replaced_at(folder: Path) -> Replaced | None:
    """Return the release in a folder, with what was added to it; None where there is none."""
    if not (folder / LOCK_FILE).is_file():
        return None
    release = read_release(folder)
    try:
        proof = read_proof(folder)
    except ValueError as error:
        raise PublishError(
            f"{folder / _JSON}: {error}; to build into this folder, move it away or remove that file"
        ) from error
    png = folder / _PNG
    return Replaced(
        release=release,
        proof=None if proof is None else (proof, png.read_bytes() if png.is_file() else b""),
        beside_real=(folder / REAL_FILE).is_file(),
    )

"""A proof by training in a release: beside the data, in the report and on the card, under the release's digests."""

import re
from dataclasses import replace
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.proof.result import Proof
from synth_datasets.proof.shown import card_section, page, page_section
from synth_datasets.publishing.lock import LOCK_FILE
from synth_datasets.publishing.manifest import MANIFEST_FILE, write_manifest
from synth_datasets.publishing.release import (
    CARD_FILE,
    PROOF_FILES,
    REPORT_FILE,
    differences,
    read_release,
)
from synth_datasets.publishing.shards import file_digest

__all__ = ["add_proof", "read_proof"]

_BEGIN, _END = "<!-- proof -->", "<!-- /proof -->"
_OURS = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}\n*", re.DOTALL)


def add_proof(folder: Path, proof: Proof, png: bytes, *, title: str = "Proof by training") -> None:
    """Write the proof into a release folder, in place of an older one; rows, spec and trace are not touched.

    Run again after a kill, it puts the digests right. Raises `PublishError` when the release is not as it was built.
    """
    release = read_release(folder)
    ours = {CARD_FILE, REPORT_FILE, LOCK_FILE, MANIFEST_FILE, *PROOF_FILES}
    if changed := [path for path, what in differences(release) if path not in ours and what != "unknown"]:
        raise PublishError(f"{folder}: changed since it was built: {', '.join(changed[:10])}; build it again")
    texts = {"prove.json": proof.to_json(), "prove.html": page(proof, png, title=title)}
    for name, mark, section in (
        (CARD_FILE, r"^## (Bias|Rebuild)", card_section(proof)),
        (REPORT_FILE, r'^<h2 id="samples">|^</main>', page_section(proof, png)),
    ):
        if (folder / name).is_file():
            texts[name] = _inserted((folder / name).read_text(encoding="utf-8"), mark, section)
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode("utf-8"))
    (folder / "prove.png").write_bytes(png)
    # The card and the report are pinned, so what they are now is pinned; the proof itself no rebuild can give.
    pinned = {name: file_digest(folder / name) for name in texts if name in release.lock.files}
    lock = replace(release.lock, files={**release.lock.files, **pinned})
    (folder / LOCK_FILE).write_text(lock.to_json(), encoding="utf-8")
    write_manifest(folder, {**lock.files, **lock.trace})


def read_proof(folder: Path) -> Proof | None:
    """Return the proof that lies in a release folder; None when there is none. Raises ValueError for a broken one."""
    path = folder / PROOF_FILES[0]
    return Proof.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def _inserted(text: str, mark: str, section: str) -> str:
    """Put the section before the first line that the mark finds, or at the end; an older one goes."""
    text = _OURS.sub("", text)
    found = re.search(mark, text, re.MULTILINE)
    at = len(text) if found is None else found.start()
    return f"{text[:at]}{_BEGIN}\n{section}{_END}\n\n{text[at:]}"

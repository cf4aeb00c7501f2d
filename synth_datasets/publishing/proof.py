"""A proof by training in a release: beside the data, in the report and on the card."""

from pathlib import Path

from synth_datasets.proof.result import Proof
from synth_datasets.proof.shown import card_section, page, page_section
from synth_datasets.publishing import markdown
from synth_datasets.publishing.added import inserted, open_built, write_added
from synth_datasets.publishing.beside import CARD_FILE, PROOF_FILES, REPORT_FILE

__all__ = ["add_proof", "read_proof", "with_proof"]

_JSON, _PNG, _HTML = PROOF_FILES


def add_proof(folder: Path, proof: Proof, png: bytes, *, title: str = "Proof by training") -> None:
    """Write the proof into a release folder, in place of an older one; rows, trace and lock are not touched.

    Run again after a kill, it puts the digests right. Raises `PublishError` when the release is not as it was built.
    """
    release = open_built(folder, [CARD_FILE, REPORT_FILE, *PROOF_FILES])
    files = {
        _JSON: proof.to_json().encode("utf-8"),
        _HTML: page(proof, png, title=title).encode("utf-8"),
        _PNG: png,
    }
    if (card := folder / CARD_FILE).is_file():
        section = f"{card_section(proof)}\n{_picture(proof)}"
        text = inserted(card.read_text(encoding="utf-8"), "proof", section, r"^## (Bias|Rebuild)")
        files[CARD_FILE] = text.encode("utf-8")
    if (report := folder / REPORT_FILE).is_file():
        files[REPORT_FILE] = _on_page(report.read_text(encoding="utf-8"), proof, png).encode("utf-8")
    write_added(release, files)


def read_proof(folder: Path) -> Proof | None:
    """Return the proof that lies in a release folder; None when there is none. Raises ValueError for a broken one."""
    path = folder / _JSON
    return Proof.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def with_proof(page: str, folder: Path) -> str:
    """Return a report's page with the proof of the folder, where there is one."""
    proof, png = read_proof(folder), folder / _PNG
    return page if proof is None or not png.is_file() else _on_page(page, proof, png.read_bytes())


def _on_page(page: str, proof: Proof, png: bytes) -> str:
    return inserted(page, "proof", page_section(proof, png), r'^<h2 id="samples">|^</main>')


def _picture(proof: Proof) -> str:
    return f"![{markdown.cell(f'Learning curves and gains. {proof.advice}')}]({_PNG})\n"

"""Figures beside real rows, put into a finished release."""

import json
import re
from pathlib import Path

from synth_datasets.publishing.added import inserted, open_built, write_added
from synth_datasets.publishing.beside import CARD_FILE, PLOTS_FOLDER, QUALITY_FILE, REAL_FILE, REPORT_FILE
from synth_datasets.publishing.card_tables import plot_lines, quality_text
from synth_datasets.publishing.figures import card_figures
from synth_datasets.publishing.proof import with_proof
from synth_datasets.publishing.real_tables import real_tables
from synth_datasets.quality.html import render_html
from synth_datasets.quality.pictures import PICTURES, draw_pictures
from synth_datasets.quality.report import QualityReport

__all__ = ["add_real"]

HEADING = "### Beside real rows"


def add_real(folder: Path, report: QualityReport) -> None:
    """Write a report with figures beside real rows into a release: its card, page, plots and `quality.json`.

    What the lock pins stays what a rebuild gives. Raises `PublishError` when the release is not as it was built.
    """
    plots = [f"{PLOTS_FOLDER}/{name}" for name in PICTURES]
    release = open_built(folder, [CARD_FILE, QUALITY_FILE, REAL_FILE, REPORT_FILE, *plots])
    text = report.to_json()
    files = {
        QUALITY_FILE: text.encode("utf-8"),
        REAL_FILE: (json.dumps(json.loads(text)["real"], ensure_ascii=False, indent=1) + "\n").encode(
            "utf-8"
        ),
        REPORT_FILE: with_proof(render_html(report), folder).encode("utf-8"),
    }
    pictures = draw_pictures(report)
    files |= {f"{PLOTS_FOLDER}/{each.name}": each.png for each in pictures}
    if (path := folder / CARD_FILE).is_file():
        card = inserted(
            path.read_text(encoding="utf-8"),
            "figures",
            quality_text(card_figures(report), report.verdicts),
            None,
        )
        for each, line in zip(pictures, plot_lines(pictures), strict=True):
            shown = rf"^!\[.*\]\({PLOTS_FOLDER}/{re.escape(each.name)}\)$"
            card = re.sub(shown, lambda _, line=line: line, card, flags=re.MULTILINE)
        section = f"{HEADING}\n\n{real_tables(report.real)}"
        files[CARD_FILE] = inserted(card, "real", section, r"^<!-- proof -->|^## (Bias|Rebuild)").encode(
            "utf-8"
        )
    write_added(release, files)

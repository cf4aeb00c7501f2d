"""The verb `review`: rows of a build on a page, accepted, rejected or mended by hand."""

import csv
import webbrowser
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synth_datasets.cli.printing import printable
from synth_datasets.errors import SettingsError, SpecError

if TYPE_CHECKING:
    from synth_datasets.review.order import Sign
    from synth_datasets.review.rows import BuiltRow, Judged
    from synth_datasets.spec.model import DatasetSpec

__all__ = ["review_verb"]


@click.command("review")
@click.argument("build", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option(
    "--reviewer", default="reviewer", show_default=True, help="Your name, as the file shall hold it."
)
@click.option(
    "--spec",
    type=click.Path(path_type=Path),
    help="The spec of the build.  [default: the file of that name here, else what it was built from, else BUILD's own]",
)
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where decisions are written.  [default: what the spec calls `reviews`, else NAME.review.jsonl beside it]",
)
@click.option("--split", help="Only this split.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many rows, the most telling ones.")
@click.option("--summary", is_flag=True, help="Only say how far reviewers are, and how far they agree.")
@click.option(
    "--export",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Only write rows and decisions to a file.",
)
@click.option(
    "--export-seeds",
    is_flag=True,
    help="Only write accepted and fixed rows beside the spec, and say how the next one shows them in prompts.",
)
@click.option(
    "--import",
    "taken",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Only take decisions from a file.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "argilla", "seeds"]),
    help="Of that file.  [default: by its name: .csv, .json (argilla), .jsonl (seeds)]",
)
@click.option("--port", type=click.IntRange(min=0, max=65535), default=0, help="[default: a free one]")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def review_verb(
    build: Path,
    *,
    reviewer: str,
    spec: Path | None,
    file: Path | None,
    split: str | None,
    limit: int | None,
    summary: bool,
    export: Path | None,
    export_seeds: bool,
    taken: Path | None,
    kind: str | None,
    port: int,
    no_browser: bool,
) -> None:
    """Read rows of a BUILD folder on a page and accept, reject or mend them; asks no model.

    First come rows whose label the votes contest, then those near a limit (lengths, near duplicates, scores), then any.
    The page is served to this machine alone, at an address that holds a token.

    Decisions go to a file beside the spec, a line each, to be committed with it. Name it in the spec (`reviews: FILE`)
    and build again: what was rejected is asked again, a mended row holds what you wrote, and nothing else is asked. A
    decision holds for the text it was made on and for no other.

    \b
    Example:  synth review build/reviews --reviewer ann
              synth review build/reviews --summary
              synth review build/reviews --export table.csv && synth review build/reviews --import table.csv
              synth review build/reviews --export records.json      records for Argilla
              synth review build/reviews --export-seeds             accepted rows, for prompts of the next version
    """
    work = _work(build, spec, file, split)
    if summary:
        _show_summary(work)
    elif taken is not None:
        _take(taken, kind, work, reviewer)
    elif export_seeds:
        _export_seeds(work)
    elif export is not None:
        _export(export, kind, work, limit)
    else:
        _open_page(work, reviewer, limit, port, browser=not no_browser)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is reviewed, and where decisions about it go."""

    build: Path
    path: Path
    """The spec's."""
    spec: "DatasetSpec"
    target: Path
    judged: "Judged"
    rows: "Sequence[BuiltRow]"

    def ordered(self, limit: int | None) -> "tuple[Sequence[BuiltRow], Mapping[str, Sequence[Sign]]]":
        """Return the rows as they are to be looked at, and why."""
        from synth_datasets.review.order import in_order, signs_of

        signs = signs_of(self.rows, self.spec, self.build)
        return in_order(self.rows, signs)[:limit], signs


def _work(build: Path, given: Path | None, file: Path | None, split: str | None) -> _Work:
    from synth_datasets.mix import REAL
    from synth_datasets.review.rows import built_rows, judged_columns

    path, spec = _find_spec(build, given)
    judged = judged_columns(spec)
    marks = "" if spec.mix is None else spec.mix.source
    rows = [
        row
        for row in built_rows(build, judged)
        if split in (None, row.split)
        and row.values.get(marks) != REAL  # which no model can be asked for again
    ]
    if not rows:
        raise SettingsError(f"{build} has no row in a split {split!r}")
    return _Work(build, path, spec, file or _decision_file(path, spec), judged, rows)


def _open_page(work: _Work, reviewer: str, limit: int | None, port: int, *, browser: bool) -> None:
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise SettingsError("the page needs the extra `review`: pip install 'synth-datasets[review]'")
    from synth_datasets.review.server import Session, listen, serve

    rows, signs = work.ordered(limit)
    title = work.spec.pretty_name or work.spec.name
    session = Session(title, reviewer, work.target, work.judged, rows, signs)

    def started(address: str) -> None:
        click.echo(f"Review   {address}  ({len(rows)} rows; Ctrl-C ends it)")
        click.echo(printable(f"Writes   {work.target}"))
        if browser:
            webbrowser.open(address)

    with listen(port) as listening:
        try:
            serve(session, listening, started)
        except KeyboardInterrupt as stop:  # which is how a review ends; SIGTERM is told apart
            if type(stop) is not KeyboardInterrupt:
                raise
    _show_end(work)


def _export(path: Path, kind: str | None, work: _Work, limit: int | None) -> None:
    from synth_datasets.review.decisions import read_file
    from synth_datasets.review.exchange import argilla_records, csv_table, format_of
    from synth_datasets.review.seeds import good_rows, seed_lines

    form, said = format_of(path, kind), read_file(work.target)
    if form == "seeds":
        text = seed_lines(good_rows(work.rows, work.judged, said))
    else:
        text = (csv_table if form == "csv" else argilla_records)(*_flat(work, limit), said)
    # Without the mark at its beginning a spreadsheet takes a table for one in its country's own letters.
    path.write_text(text, encoding="utf-8-sig" if form == "csv" else "utf-8", newline="")
    click.echo(printable(f"{path}: written ({form})"))


def _export_seeds(work: _Work) -> None:
    from synth_datasets.review.decisions import read_file
    from synth_datasets.review.seeds import good_rows, seed_lines, seed_yaml

    good = good_rows(work.rows, work.judged, read_file(work.target))
    if not good:
        raise SettingsError(f"{work.target}: no row of {work.build} was accepted or fixed yet")
    path = _beside(work.path, f"{work.spec.name}.seeds.jsonl")
    path.write_text(seed_lines(good), encoding="utf-8")
    click.echo(printable(f"{path}: {len(good)} rows that were accepted or fixed"))
    click.echo("In the spec of the next version, as all prompts change with it:\n")
    splits = [split.name for split in work.spec.splits if split.num_examples]
    click.echo(printable(seed_yaml(path.name, good, work.judged, splits)), nl=False)


def _flat(
    work: _Work, limit: int | None
) -> "tuple[Sequence[BuiltRow], Judged, Mapping[str, Sequence[Sign]]]":
    rows, signs = work.ordered(limit)
    return rows, work.judged, signs


def _find_spec(build: Path, given: Path | None) -> "tuple[Path, DatasetSpec]":
    """Return the spec's path, and the spec: the one that the next build reads, where it can be found."""
    from synth_datasets.publishing.origins import origins_of
    from synth_datasets.publishing.release import read_release
    from synth_datasets.spec import load_spec

    name = read_release(build).lock.spec_file
    here = next((path for path in (Path(name), *origins_of(build)) if path.is_file()), build / name)
    path = given or here
    try:
        spec = load_spec(path)
    except SpecError:
        if given is not None or path.parent != build:
            raise
        raise SettingsError(f"name the spec that {build} was built from: --spec PATH") from None
    return Path(spec.origin), spec


def _decision_file(path: Path, spec: "DatasetSpec") -> Path:
    from synth_datasets.spec.reviews import SUFFIX

    return _beside(path, spec.reviews.file if spec.reviews is not None else f"{spec.name}{SUFFIX}")


def _beside(path: Path, name: str) -> Path:
    """Return where a file beside the spec lies; the folder may be a stranger's, and a link in it lead anywhere."""
    found = path.parent / name
    if not found.resolve().is_relative_to(path.parent.resolve()):
        raise SettingsError(
            f"{found} is a link that leads out of the spec's folder: put the file itself there"
        )
    return found


def _take(source: Path, kind: str | None, work: _Work, reviewer: str) -> None:
    from synth_datasets.review.decisions import append_decisions, now, read_file
    from synth_datasets.review.exchange import format_of, take_argilla, take_csv

    form = format_of(source, kind)
    if form == "seeds":
        raise SettingsError(f"{source}: decisions come as csv or argilla; seeds are only written")
    take = take_csv if form == "csv" else take_argilla
    try:
        text = source.read_text(encoding="utf-8-sig")
        found = take(text, work.rows, work.judged, read_file(work.target), reviewer=reviewer, at=now())
    except (UnicodeDecodeError, csv.Error, AttributeError, TypeError) as error:
        raise SettingsError(
            f"{source}: not readable as {form}, as this verb or the tool writes it: {error}"
        ) from error
    append_decisions(work.target, found.decisions)
    click.echo(printable(f"{work.target}: {len(found.decisions)} new decisions"))
    if found.strangers:
        words = "are about rows that this build does not have as they were; left out"
        click.echo(f"Warning: {found.strangers} {words}", err=True)


def _show_summary(work: _Work) -> None:
    from synth_datasets.review.agreement import agreements
    from synth_datasets.review.decisions import read_file
    from synth_datasets.spec.reviews import last_words

    target, rows, decisions = work.target, work.rows, read_file(work.target)
    built = {(row.id, row.digest) for row in rows}
    words = last_words(decisions)
    here = [each for (_, row, digest), each in words.items() if {(row, digest), (row, each.gives)} & built]
    click.echo(
        printable(f"{target}: {len(words)} decisions, {len(here)} of them on rows as they are in this build")
    )
    for reviewer in sorted({each.reviewer for each in here}):
        said = Counter(each.verdict for each in here if each.reviewer == reviewer)
        counts = ", ".join(f"{said[word]} {word}" for word in ("accept", "reject", "fix") if said[word])
        click.echo(printable(f"  {reviewer}: {said.total()} of {len(rows)} rows ({counts})"))
    for each in agreements(decisions):
        kappa = "not defined" if each.kappa is None else f"{each.kappa:.2f}"
        pair = f"  {each.one} and {each.other}: {each.rows} rows in common"
        click.echo(printable(f"{pair}, {each.share:.0%} alike, Cohen's kappa {kappa}"))


def _show_end(work: _Work) -> None:
    target, path, spec = work.target, work.path, work.spec
    if not target.is_file():
        return
    if spec.reviews is None or path.parent / spec.reviews.file != target:
        name = target.relative_to(path.parent) if target.is_relative_to(path.parent) else target
        click.echo(printable(f"Name it   reviews: {name}   in {path}, so that builds follow it"))
    click.echo(printable(f"Build it  synth build {path}"))

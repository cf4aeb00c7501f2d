"""Verbs about releases and their versions: `version`, `diff`, `verify`, `pull`, `rebuild`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synth_datasets.cli.printing import printable

if TYPE_CHECKING:
    from synth_datasets.publishing.release import Release

__all__ = ["diff_verb", "pull_verb", "rebuild_verb", "split_counts", "verify_verb", "version_verb"]

EXIT_REFUSED = 5


@click.command("version")
@click.argument("build", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--against", metavar="REPO_OR_FOLDER", help="The version before: owner/name[@v1.0.0], or a folder."
)
@click.pass_context
def version_verb(ctx: click.Context, build: Path, against: str | None) -> None:
    """Say which version a BUILD needs after what changed since the one before it, and why.

    Major: a column, a row or a value that was there is gone or another. Minor: columns, rows or splits came on top.
    Patch: the rows are the same. `synth push` holds a build to this. Exit code 5 when the spec's version is too small.

    \b
    Example:  synth version build/reviews --against your-name/reviews
              synth version build/reviews --against old/reviews
    """
    from synth_datasets.publishing.advice import advise

    advice = advise(build, against)
    for line in advice.lines:
        click.echo(printable(line))
    if not advice.fits:
        ctx.exit(EXIT_REFUSED)


@click.command("diff")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def diff_verb(old: str, new: str, as_json: bool) -> None:
    """Show what differs between A and B: builds, release folders, or versions (owner/name@v1.0.0, s3://...@v1.0.0).

    Schema, rows by split (told apart by their ids), labels, lengths, quality, what it took, and the text of the spec
    and its prompts.

    \b
    Example:  synth diff your-name/reviews@v1.0.0 build/reviews
              synth diff your-name/reviews@v1.0.0 your-name/reviews@v1.1.0 --json
    """
    from synth_datasets.publishing.diff import compare
    from synth_datasets.publishing.diff_terminal import render_diff
    from synth_datasets.publishing.opened import open_release
    from synth_datasets.publishing.versions import judge
    from synth_datasets.settings import load_settings

    settings = load_settings()
    found = compare(open_release(old), open_release(new), prices=settings.prices, currency=settings.currency)
    if as_json:
        click.echo(printable(json.dumps(found.to_json(), ensure_ascii=False, indent=1)))
        return
    click.echo(printable(render_diff(found, judge(found))))


@click.command("verify")
@click.argument("folder", metavar="FOLDER|VERSION")
def verify_verb(folder: str) -> None:
    """Check every digest and every count of a build or release FOLDER; what is not as it was written is named.

    A VERSION elsewhere (owner/name@v1.0.0, or as `synth push` names other homes) is fetched first, and not kept.

    Without this package, `sha256sum -c synth.sha256` in the folder checks the digests. Exit code 5 when anything
    differs.

    \b
    Example:  synth verify build/reviews
              synth verify s3://bucket/reviews@v1.0.0
    """
    from synth_datasets.publishing.pull import verify_at

    found = verify_at(folder)
    release = found.release
    click.echo(printable(f"{folder}: {release.name} {release.version} is as it was written"))
    click.echo(f"Files    {found.files}, {found.num_bytes:,} bytes")
    click.echo(f"Rows     {split_counts(release)}")
    click.echo(f"Digest   sha256:{release.digest}")
    if found.beside:
        click.echo(printable(f"Beside   {', '.join(found.beside)} (no part of the release)"))


@click.command("pull")
@click.argument("source", metavar="OWNER/NAME[@VERSION]|ADDRESS[@VERSION]")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="[default: NAME-VERSION]"
)
def pull_verb(source: str, output: Path | None) -> None:
    """Fetch exactly this version into a folder and check it, so that training needs no network.

    Without network `load_dataset("owner/name", revision=...)` takes whatever version the cache has; a folder that was
    pulled is that version, online and offline. Run it again to check it again.

    \b
    Example:  synth pull your-name/reviews@v1.2.0
              synth pull file:///srv/reviews.git@v1.2.0
    """
    from synth_datasets.publishing.pull import pull

    done = pull(source, output)
    release = done.verified.release
    how = "fetched and verified" if done.fetched else "was there already, verified again"
    click.echo(printable(f"{done.folder}: {release.name} {release.version}, {split_counts(release)}, {how}"))
    click.echo(f"Load it  load_dataset({json.dumps(str(done.folder), ensure_ascii=False)})")


@click.command("rebuild")
@click.argument("source", metavar="OWNER/NAME[@VERSION]|ADDRESS[@VERSION]|FOLDER")
@click.option("--check", is_flag=True, help="Only compare, and leave nothing behind.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="[default: build/NAME]"
)
@click.option(
    "--answers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An archive of answers, in place of the release's own.",
)
@click.option(
    "--store",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A store, in place of an archive.",
)
@click.option(
    "--beside",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with the files that the release leaves out, such as private seeds.",
)
@click.option("--base-url", help="Where the answers of --store were asked.")
@click.option(
    "--backend", type=click.Choice(["auto", "openai", "embedded", "transformers", "vllm"]), hidden=True
)
def rebuild_verb(
    source: str,
    *,
    check: bool,
    output: Path | None,
    answers: Path | None,
    store: Path | None,
    beside: Path | None,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Build a version again from its spec, its lock and its answers, asking nobody, and compare it split by split.

    It runs in a place of its own: neither your store nor your cache takes part. Exit code 5 when a split comes out
    otherwise or the release lacks answers or real rows, 4 when some of them are missing.

    \b
    Example:  synth rebuild your-name/reviews@v1.2.0 --check
              synth rebuild build/reviews --check --answers reviews.answers.parquet
    """
    from synth_datasets.rebuild import rebuild, rebuild_folder

    done = rebuild(
        source,
        None if check else output or rebuild_folder(source),
        answers=answers,
        store=store,
        beside=beside,
        options={name: value for name, value in options.items() if value is not None},
    )
    click.echo(f"{done.source}: {done.version} comes out as its lock pins it, byte for byte")
    for name, split in done.splits.items():
        click.echo(f"  {name:<12} {split.num_examples:>9,} rows  sha256:{split.digest}")
    if done.other_files:
        click.echo(
            f"Otherwise than then: {', '.join(done.other_files)} (no data; other packages write them otherwise)"
        )
    if done.folder is not None:
        click.echo(f"Dataset  {done.folder}")


def split_counts(release: "Release") -> str:
    """Return the rows by split, and which splits of the spec have none."""
    counts = ", ".join(f"{name} {rows:,}" for name, rows in release.splits.items())
    empty = f"; without a row, so left out: {', '.join(release.left_out)}" if release.left_out else ""
    return printable(f"{counts} rows{empty}")

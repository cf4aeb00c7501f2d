"""The verb `push`: a build becomes a version on the Hub, or in another home."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from synth_datasets.publishing.pushed import PushResult

__all__ = ["push_verb"]


@click.command("push")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("repo_id", metavar="OWNER/NAME|ADDRESS")
@click.option("--public", is_flag=True, help="Create the repository public; it is private otherwise.")
@click.option("--create-pr", is_flag=True, help="Propose the version in a pull request, without a tag.")
@click.option("--dry-run", is_flag=True, help="Show what would be published, and change nothing.")
@click.option("--with-trace", is_flag=True, help="Publish prompts, raw answers and rejected answers too.")
@click.option("--with-rejections", is_flag=True, help="Publish the rejected answers, with their reasons.")
@click.option(
    "--with-answers",
    is_flag=True,
    help="Publish the archive of answers of `build --with-answers`: prompts, answers, the address asked.",
)
@click.option("--allow-short", is_flag=True, help="Publish a build with fewer rows than its spec asks for.")
@click.option("--allow-dirty", is_flag=True, help="Publish a build whose spec has changed since.")
@click.option(
    "--allow-personal-data",
    is_flag=True,
    help="Publish rows with what looks like somebody's address or number.",
)
def push_verb(
    folder: Path,
    repo_id: str,
    *,
    public: bool,
    create_pr: bool,
    dry_run: bool,
    with_trace: bool,
    with_rejections: bool,
    with_answers: bool,
    allow_short: bool,
    allow_dirty: bool,
    allow_personal_data: bool,
) -> None:
    """Publish a build FOLDER as a version of the Hub dataset OWNER/NAME: one commit, then the tag v<version>.

    The token is the one that `hf auth login` keeps, or HF_TOKEN. A tag is never moved: raise `version` in the spec
    for new content, far enough for what changed (`synth version` says how far). What changed goes into CHANGELOG.md.
    An interrupted push is finished by pushing again. What looks like a key or a token stops it, wherever it is.

    ADDRESS is another home under the same rules: a folder (/path or ./path), a bare git repository with LFS
    (file:///path/name.git), or a bucket (s3://bucket/prefix; the extra s3, keys from AWS_* variables).

    \b
    Example:  synth push build/reviews your-name/reviews --dry-run
              synth push build/reviews your-name/reviews --with-answers
              synth push build/reviews file:///srv/git/reviews.git
    """
    from synth_datasets.publishing.push import push

    _show(
        push(
            folder,
            repo_id,
            private=not public,
            create_pr=create_pr,
            dry_run=dry_run,
            include_trace=with_trace,
            include_rejections=with_rejections,
            include_answers=with_answers,
            allow_short=allow_short,
            allow_dirty=allow_dirty,
            allow_personal_data=allow_personal_data,
        )
    )


def _show(result: "PushResult") -> None:
    for warning in result.warnings:
        click.echo(f"Warning: {warning}", err=True)
    who = {True: "private, ", False: "public, ", None: ""}[result.private]
    if result.status == "already_published":
        click.echo(f"{result.repo_id} has {result.tag} already, with exactly these files: {result.url}")
        return
    if result.status == "dry_run":
        created = "would be created" if result.creates else "exists"
        click.echo(f"Would publish {result.tag} to {result.repo_id} ({who}{created}), {result.size:,} bytes:")
        for change in result.changes:
            click.echo(f"  {change}")
        return
    if result.status == "proposed":
        click.echo(f"Proposed {result.tag} to {result.repo_id}, without a tag: {result.url}")
        click.echo("When it is merged, push the same build without --create-pr: that sets the tag")
        return
    kind = f" ({who.rstrip(', ')})" if who else ""
    click.echo(f"Published {result.tag} to {result.repo_id}{kind}: {result.url}")
    if result.private is not None:
        click.echo(f'Load it  datasets.load_dataset("{result.repo_id}", revision="{result.tag}")')
    click.echo(f"Offline  synth pull {result.repo_id}@{result.tag}")

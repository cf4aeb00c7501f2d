"""The `synth` command: one verb a step, each showing its own example; exit codes that scripts can use."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

import click

from synth_datasets.cli.interrupts import interruptible
from synth_datasets.cli.printing import printable
from synth_datasets.errors import KEPT, BudgetError, EndpointError, PublishError, ShortfallError, SynthError

__all__ = ["main"]

EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_TERMINATED = 128 + signal.SIGTERM
_EXIT_CODES = (
    *((ShortfallError, 3), (EndpointError, 4), (PublishError, 5), (BudgetError, 6)),
    *((SynthError, 2), (OSError, 1)),
)
_VERBS = {
    "list": "new",
    "new": "new",
    "check": "specs",
    "schema": "specs",
    "preview": "preview",
    "build": "builds",
    "merge": "parts",
    "report": "report",
    "evaluate": "evaluate",
    "prove": "prove",
    "tune": "tune",
    "review": "review",
    "rejections": "trace",
    "trace": "trace",
    "answers": "answers",
    "version": "releases",
    "diff": "releases",
    "push": "push",
    "verify": "releases",
    "pull": "releases",
    "rebuild": "releases",
}
_SUMMARIES = {
    "list": "Show the ready datasets.",
    "new": "Start a spec, from scratch or from a ready dataset.",
    "check": "Find every mistake in a spec; asks no model.",
    "schema": "Print the JSON Schema of a spec, for editors.",
    "preview": "Show prompts, a few rows, and what a build will take.",
    "build": "Make the dataset, its report and its card.",
    "merge": "Make one dataset of parts that were built apart.",
    "report": "Show the quality report of a build.",
    "evaluate": "Score a classifier on each slice of a build.",
    "prove": "Say whether synthetic rows help: train on mixes, test on real rows.",
    "tune": "Tune a small open model on real rows, for a spec to ask.",
    "review": "Read rows on a page; accept, reject or mend them.",
    "rejections": "Show the answers that were rejected, and why.",
    "trace": "Show the prompts and raw answers behind one row.",
    "answers": "Export, import or count stored answers.",
    "version": "Say which version a build needs after what changed.",
    "diff": "Show what differs between two builds or versions.",
    "push": "Publish a build to the Hub, a folder, git or a bucket.",
    "verify": "Check every digest and count of a release.",
    "pull": "Fetch exactly one version into a folder.",
    "rebuild": "Build a version again from its answers, and compare.",
}
_MEANT = {
    **dict.fromkeys(("generate", "make", "run", "synthesize", "synthesise", "gen"), "build"),
    **dict.fromkeys(("init", "create", "start", "template"), "new"),
    **dict.fromkeys(("validate", "lint", "doctor"), "check"),
    **dict.fromkeys(("publish", "upload", "release"), "push"),
    **dict.fromkeys(("download", "fetch", "get", "clone"), "pull"),
    **dict.fromkeys(("dry-run", "sample", "show", "head", "try", "cost", "estimate"), "preview"),
    **dict.fromkeys(("compare", "changes"), "diff"),
    **dict.fromkeys(("ls", "builders", "datasets", "examples"), "list"),
    **dict.fromkeys(("stats", "quality", "measure", "metrics"), "report"),
    **dict.fromkeys(("train", "finetune", "fine-tune"), "tune"),
    **dict.fromkeys(("annotate", "label", "edit"), "review"),
    **dict.fromkeys(("rejected", "errors"), "rejections"),
    **dict.fromkeys(("cache", "store", "export", "import"), "answers"),
}
"""What other tools call a verb, so that whoever guesses is told ours."""
_OPTIONS_MEANT = {
    **dict.fromkeys(
        ("--rows", "--num-rows", "--samples", "--limit", "--n", "-n"), "--num-examples N makes fewer rows."
    ),
    "--split": "All splits are made together; load_dataset(..., split=...) takes one.",
    "--api-key": "A key comes from OPENAI_API_KEY or the config file, so that no list of commands shows it.",
    **dict.fromkeys(
        ("--force", "--overwrite", "-f"),
        "A build replaces its folder; --again makes the splits anew, --seed N makes others.",
    ),
    **dict.fromkeys(("--quiet", "-q"), "HF_DATASETS_DISABLE_PROGRESS_BARS=1 hides the bars."),
}
"""What to do instead of options that `build` does not have."""


class _Verbs(click.Group):
    """Imports the module of a verb when it is used, so that help and short verbs are quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _VERBS:
            return None
        command: click.Command = getattr(
            import_module(f"synth_datasets.cli.{_VERBS[cmd_name]}"), f"{cmd_name}_verb"
        )
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[:1] == ["help"]:  # as `synth --help`, and `synth help build` as `synth build --help`
            if not args[1:]:
                click.echo(ctx.get_help())
                ctx.exit()
            args = [args[1], "--help"]
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            meant = [_MEANT[args[0].lower()]] if args[0].lower() in _MEANT else []
            close = meant or get_close_matches(args[0], list(_VERBS), n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(error.message + hint, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "-V", "--version", package_name="synth-datasets", prog_name="synth")
def _synth() -> None:
    """A prompt spec is a dataset: check it, preview it, build it, publish it.

    \b
    synth build customer_feedback              a ready dataset, with the embedded model
    synth new reviews && synth build reviews.synth.yaml

    Exit codes: 0 done, 2 the spec, an option or the set-up is wrong, 3 a split could not be filled, 4 the endpoint
    refused or is gone, 5 publishing was refused, 6 a cap on requests, tokens or money was reached, 130 interrupted
    (143 by SIGTERM), 1 anything else.
    """


def _hinted(error: click.ClickException) -> click.ClickException:
    """Return the error, or one that says what to do instead of an option that other tools have."""
    if not isinstance(error, click.NoSuchOption) or error.ctx is None or error.ctx.info_name != "build":
        return error
    hint = _OPTIONS_MEANT.get(error.option_name)
    return error if hint is None else click.UsageError(f"{error.message} {hint}", error.ctx)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; every expected failure is one message on stderr."""
    with interruptible() as interrupts:
        try:
            code = _synth.main(args=arguments, prog_name="synth", standalone_mode=False)
        except BaseException as error:  # noqa: BLE001 - libraries make anything of an interrupt
            if interrupts.raised or isinstance(error, (click.Abort, KeyboardInterrupt)):
                code = _stopped(error, terminated=interrupts.number == signal.SIGTERM)
            else:
                code = _failed(error)
    sys.exit(code if isinstance(code, int) else 0)


def _stopped(error: BaseException, *, terminated: bool) -> int:
    stopped = "Stopped. Every answer that arrived is kept; run the same command again to go on from there."
    _say("\n".join([stopped, *(each for each in _notes(error) if each != KEPT)]))
    return EXIT_TERMINATED if terminated else EXIT_INTERRUPTED


def _failed(error: BaseException) -> int:
    """Say what failed, for an exit code; what nobody expects is raised again."""
    match error:
        case click.ClickException():
            _hinted(error).show()
            return error.exit_code
        case BrokenPipeError():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case SynthError() | OSError():
            _say("\n".join([f"Error: {error}", *getattr(error, "__notes__", [])]))
            return next(number for kind, number in _EXIT_CODES if isinstance(error, kind))
    raise error


def _notes(error: BaseException | None) -> Iterator[str]:
    """Yield the notes on an error and on those that it came from, up to the interrupt itself."""
    while error is not None:
        yield from getattr(error, "__notes__", [])
        error = None if isinstance(error, KeyboardInterrupt) else error.__cause__ or error.__context__


def _say(text: str) -> None:
    click.echo(printable(text), err=True)

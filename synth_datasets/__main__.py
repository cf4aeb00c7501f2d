"""The `synth` command's first lines: from here on Ctrl-C ends it quietly, also while the rest is being imported."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit, with code 130 and one line when Ctrl-C comes before it can answer itself."""
    try:
        from synth_datasets.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()

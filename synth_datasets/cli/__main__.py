"""`python -m synth_datasets.cli` is the `synth` command."""

from synth_datasets.cli import main

if __name__ == "__main__":
    main()

"""Where the embedded model's weights are, and the proof that they are the right ones."""

EMBEDDED_MODEL_ID = "smollm2-135m-instruct"
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WEIGHTS_SIZE = 98_362_432

__all__ = ["EMBEDDED_MODEL_ID", "WEIGHTS_SHA256", "WEIGHTS_SIZE"]

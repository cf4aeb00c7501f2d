"""Parts of one build asked by the workers of a Ray cluster, or of Ray on this machine; the driver keeps the answers."""

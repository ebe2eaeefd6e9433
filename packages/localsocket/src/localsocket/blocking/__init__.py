"""The blocking face and the event loop: they wait and move bytes, nothing else."""

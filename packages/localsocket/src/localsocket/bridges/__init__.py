"""Ways out of this machine: services that are served, and called, over an engine that others run."""

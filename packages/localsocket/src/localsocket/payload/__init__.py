"""What goes beside the bytes of a connection: descriptors, and memory that two processes share."""

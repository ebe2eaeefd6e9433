"""Which address, who owns it, who may enter: quick system calls only, and the whole of what a security audit reads."""

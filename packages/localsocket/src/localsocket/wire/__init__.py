"""Protocol parts that never wait and know no operating system."""

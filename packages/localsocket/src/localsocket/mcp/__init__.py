"""A service as tools for AI assistants, by the Model Context Protocol on standard input and output."""

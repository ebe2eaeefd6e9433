"""A service as tools for AI assistants, which speak the Model Context Protocol over standard input and output."""

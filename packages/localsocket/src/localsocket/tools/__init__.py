"""The measuring tools: closed loops over many sockets, with every byte checked."""

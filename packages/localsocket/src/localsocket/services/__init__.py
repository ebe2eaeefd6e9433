"""Services: tables of typed functions, and what is said about their calls. Nothing here waits for a peer."""

"""`localsocket-review lsp`: reviews while somebody types, for every editor that speaks the Language Server Protocol.

Nothing but the option `--lsp` imports it: it needs pygls, which the extra `lsp` brings.
"""

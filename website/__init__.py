"""The documentation site: `python -m website.build` makes it of docs/ and of the docstrings."""

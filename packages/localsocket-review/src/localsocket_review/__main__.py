"""`python -m localsocket_review` is the command `localsocket-review`."""

from localsocket_review.cli import main

main()

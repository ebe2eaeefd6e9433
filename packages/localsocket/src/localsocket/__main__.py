"""`python -m localsocket` is the command `localsocket`."""

from localsocket.cli import main

main()

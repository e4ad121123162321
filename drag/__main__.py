"""`python -m drag`: the command line, where the `drag` script is not on the path."""

from drag.cli import main

main()

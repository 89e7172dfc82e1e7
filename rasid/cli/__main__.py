"""`python -m rasid.cli`: the console script, for where it is not on the PATH."""

from rasid.cli import main

main()

"""`python -m penchant.cli`: the command line where no script is installed."""

from penchant.cli.main import main

main()

"""`python -m atlas_backups`: the command line."""

import sys

from atlas_backups.cli import main

if __name__ == "__main__":
    sys.exit(main())

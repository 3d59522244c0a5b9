"""``python -m matcher``: the same as ``carematch``."""

from matcher.cli import main

if __name__ == "__main__":
    main()

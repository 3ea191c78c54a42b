"""``python -m allocator`` is the command line too."""

from allocator.cli import main

if __name__ == "__main__":
    main()

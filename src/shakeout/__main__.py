"""`python -m shakeout` is `shakeout`."""

from shakeout.cli import main

if __name__ == "__main__":
    main()

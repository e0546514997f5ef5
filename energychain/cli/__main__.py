"""`python -m energychain.cli` is `energychain`."""

from energychain.cli import main

if __name__ == "__main__":
    main()

"""The maintainers' tool for the notebooks in `lessons/`: run, save, compare, lint.

A lesson's saved outputs are both what a reader sees first and what the tests compare against, so
they are kept in one normal form: `python -m energychain.lessons save` writes it, `save --check`
says whether the files already are what it would write, and `lint` holds every lesson against the
lesson contract. Learners never need this module.
"""

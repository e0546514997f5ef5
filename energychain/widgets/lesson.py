"""
The first box of every lesson.
"""

from energychain.charts import theme
from energychain.course import journal


def setup() -> None:
    """Show charts live where there is a kernel and as pictures where there is none, and keep
    what is answered in a file of the learner's own (:mod:`energychain.course.journal`).
    """
    theme.setup()
    journal.begin()

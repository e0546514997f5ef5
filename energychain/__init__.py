"""
energychain: blockchain-based energy systems, to read, run and take apart.

Two wings on one ground floor: a ledger (who said what, in which order) and energy
(what physically and economically happened), which meet in contracts. Begin with
``lessons/00_start_here.ipynb``, or with three lines:

>>> from energychain.studies import token_day
>>> day = token_day.run()
>>> day.balance("node 2", "2017-07-04T23:00")
'40.286'
"""

__version__ = "0.1.0"

_FOR_LESSONS = {
    "setup": "energychain.widgets.lesson",
    "environment": "energychain.widgets.environment",
    "predict": "energychain.widgets.predict",
    "check": "energychain.course.exercises",
    "hint": "energychain.course.exercises",
    "solution": "energychain.course.exercises",
    "progress": "energychain.course.progress",
    "export": "energychain.course.hand_in",
}


def __getattr__(name: str) -> object:
    """What lessons use is loaded when it is first asked for, so that the core stays light."""
    if name not in _FOR_LESSONS:
        raise AttributeError(f"module 'energychain' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_FOR_LESSONS[name]), name)

"""Run every mutation and print the score."""

import sys
from pathlib import Path

from tests.mutation.runner import BadMutation, read_table, survivors, without_mutation


def main() -> int:
    here = Path(__file__)
    root, mutations = here.parents[2], read_table(here.with_name("mutations.toml"))
    try:
        survived = survivors(root, mutations)
    except BadMutation as fault:
        print(fault, file=sys.stderr)
        return 2
    forgotten = without_mutation(root, mutations)
    for mutation in survived:
        print(f"nobody noticed: {mutation}")
    for lesson in forgotten:
        print(f"{lesson} has no mutation in the table")
    print(f"mutations killed: {len(mutations) - len(survived)}/{len(mutations)}")
    return 1 if survived or forgotten else 0


if __name__ == "__main__":
    sys.exit(main())

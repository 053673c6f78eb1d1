"""`roofwatch demo`: a synthetic city, the whole run on it, and its figures against the truth."""

import argparse
from dataclasses import asdict

from demo_city.folder import OtherFolder, refuse_other_folder
from imagery.errors import InputError, UsageError
from roofwatch.answer import Answer

FEWEST = 60
"""Parcels of the smallest city that has some failing roofs to learn from."""


def command(options: argparse.Namespace) -> Answer:
    """Build the demo city and run it; a folder that is not a demo's is refused at once.

    Raises:
        InputError: the folder holds something else.
        UsageError: the city would be too small.
    """
    try:
        refuse_other_folder(options.out)
    except OtherFolder as error:
        raise InputError(str(error)) from error
    if options.parcels < FEWEST:
        raise UsageError(
            f"--parcels {options.parcels}: want {FEWEST} or more; a smaller city has too few "
            "failing roofs to learn from"
        )

    # Everything below loads torch, and takes seconds.
    from roofwatch.demo_year import run_demo
    from roofwatch.executors import read_execution

    result = run_demo(
        options.out,
        parcels=options.parcels,
        seed=options.seed,
        execution=read_execution(options),
        quiet=options.quiet,
    )
    return Answer(lines=result.lines(), facts=asdict(result))

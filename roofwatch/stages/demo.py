"""`roofwatch demo`: a synthetic city, the whole run on it, and its figures against the truth."""

import argparse
from dataclasses import asdict

from demo_city.folder import OtherFolder, refuse_other_folder
from imagery.errors import InputError
from roofwatch.answer import Answer


def command(options: argparse.Namespace) -> Answer:
    """Build the demo city and run it; a folder that is not a demo's is refused at once.

    Raises:
        InputError: the folder holds something else.
    """
    try:
        refuse_other_folder(options.out)
    except OtherFolder as error:
        raise InputError(str(error)) from error

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

"""The command line: one verb a job, one file a verb."""

from grunit.cli.app import main

__all__ = ["main"]

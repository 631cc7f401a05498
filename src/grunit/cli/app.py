"""``grunit``: find the verb, run it, turn whatever goes wrong into one sentence and an exit status."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

import grunit
from grunit.cli.interrupts import Interrupt, remembered
from grunit.cli.verbs import VERBS, load, stand_in
from grunit.cli.wording import as_typed
from grunit.errors import GrunitError

BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141
BUG = 1


class StoppedError(Exception):
    """Ctrl-C reached a verb, which says where it stopped."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows ``grunit`` (default: of this process).

    Returns:
        the exit status: 0; 2 for anything that was refused; 130 after Ctrl-C; 141 when the reader of a pipe went
        away; 1 for a bug.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [word for word in given if word != "--debug"] or ["--help"]
    chosen = next((word for word in given if word in VERBS), None)
    with warnings.catch_warnings(), remembered() as interrupt:
        if not debug:
            warnings.simplefilter("ignore")
            warnings.filterwarnings("default", module="grunit")
            warnings.showwarning = functools.partial(tell_warning, chosen, given)
        try:
            status = build_app(chosen, debug, interrupt, given)(given, prog_name="grunit", standalone_mode=False) or 0
            sys.stdout.flush()
            if status == INTERRUPTED:  # while the arguments were read, of which typer says nothing
                complain("stopped", status)
        except StoppedError as stop:
            status = complain(str(stop), INTERRUPTED)
        except BrokenPipeError:
            status = close_broken_pipe()
        except SystemExit:
            # Without standalone mode typer ends like this only when the reader of its help page went away.
            status = BROKEN_PIPE
        except KeyboardInterrupt:
            status = complain("stopped", INTERRUPTED)
        except Exception as error:
            if interrupt.came:
                return complain("stopped", INTERRUPTED)
            # What the parser refuses carries format_message; its class has moved between typer's releases.
            if debug or not hasattr(error, "format_message"):
                raise
            status = complain(error.format_message(), BAD_INPUT)
    return status


def build_app(
    chosen: str | None, debug: bool = False, interrupt: Interrupt | None = None, given: Sequence[str] = ()
) -> typer.Typer:
    """The application with every verb listed and only the chosen one loaded."""
    # Rich help pages would take the import of rich, a third of the time that help may take.
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(introduce)
    for name, verb in VERBS.items():
        if name == chosen:
            function = answerable(load(name), debug, interrupt or Interrupt(), given)
        else:
            function = stand_in(name)
        app.command(name, short_help=verb.summary)(function)
    return app


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"grunit {grunit.__version__}")
        raise typer.Exit


def introduce(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback when something goes wrong.")] = False,
) -> None:
    """Gated recurrent units, from equations to edge.

    Try:  grunit compare forecast example:seattle_weather --cells lstm,gru
    """


def answerable(
    function: Callable[..., Any], debug: bool, interrupt: Interrupt, given: Sequence[str] = ()
) -> Callable[..., Any]:
    """The verb's function, whose failures end in one sentence and an exit status."""

    @functools.wraps(function)
    def answered(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except KeyboardInterrupt as stop:
            raise StoppedError(str(stop) or "stopped") from None
        except BrokenPipeError:
            raise typer.Exit(close_broken_pipe()) from None
        except (typer.Exit, typer.Abort):
            raise
        except (GrunitError, OSError) as error:
            if debug:
                raise
            sentence = as_typed(str(error), function, given) if isinstance(error, GrunitError) else str(error)
            raise typer.Exit(complain(sentence, BAD_INPUT)) from None
        except Exception as error:
            if interrupt.came:  # what was being loaded is half there
                raise StoppedError("stopped") from None
            if debug or hasattr(error, "format_message"):
                raise
            sentence = f"this is a bug in grunit: {type(error).__name__}: {error} (--debug shows where)"
            raise typer.Exit(complain(sentence, BUG)) from None

    return answered


def complain(sentence: str, status: int) -> int:
    """Say one sentence on stderr; returns the status."""
    sys.stdout.flush()
    print("grunit: " + " ".join(sentence.split()), file=sys.stderr)
    return status


def tell_warning(chosen: str | None, given: Sequence[str], message: Warning | str, *where: object) -> None:
    """Say a warning in the words of the verb that was chosen."""
    note(str(message) if chosen is None else as_typed(str(message), load(chosen), given))


def note(message: Warning | str, *where: object) -> None:
    """Say a warning as a sentence, without the file and line it came from."""
    print("grunit: note: " + " ".join(str(message).split()), file=sys.stderr)


def close_broken_pipe() -> int:
    """Keep Python from complaining about a closed pipe when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE

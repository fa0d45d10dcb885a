"""The command `osml-io`. Each subcommand is a module of its own, which is imported when it runs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from ._messages import COMMAND, CANCELLED, error_line, use_one_line_warnings

COMMANDS = {
    "info": "describe files from their headers",
    "convert": "convert files to another format, or to another form of it",
    "cog": "make a Cloud Optimized GeoTIFF",
    "rset": "make an R-set: a file, and one for each reduced resolution",
    "chip": "cut a part out of an image",
    "view": "make a picture of an image, to look at",
}
"""The subcommands, and what each does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line. Returns the exit code: 0, 1 if a file failed, 2 for wrong arguments, 130 after Ctrl-C."""
    words = sys.argv[1:] if argv is None else list(argv)
    if not words or words[0] not in COMMANDS:
        return _without_command(words)
    module = importlib.import_module(f"._{words[0]}", __name__)
    parser: argparse.ArgumentParser = module.parser(argparse.ArgumentParser(prog=f"{COMMAND} {words[0]}"))
    parser.description = parser.description or f"{COMMANDS[words[0]].capitalize()}."
    parser.add_argument("-q", "--quiet", action="store_true", help="no warnings and no progress bar")
    parser.add_argument("--traceback", action="store_true", help="show where an error was raised")
    arguments = parser.parse_args(words[1:])
    use_one_line_warnings(arguments.quiet)
    try:
        return int(module.run(arguments, parser))
    except KeyboardInterrupt:
        return CANCELLED
    except BrokenPipeError:
        # The reader of standard output has gone; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if arguments.traceback:
            raise
        error_line(error)
        return 1


def _without_command(words: Sequence[str]) -> int:
    """Help, the version, or an error."""
    from .._io import __version__

    width = max(map(len, COMMANDS)) + 2
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        usage=f"{COMMAND} [-h] [--version] COMMAND …",
        description="Reads and writes NITF, GeoTIFF, JPEG 2000, JPEG and PNG imagery.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="commands:\n"
        + "".join(f"  {name:<{width}}{text}\n" for name, text in COMMANDS.items())
        + f"\n{COMMAND} COMMAND --help describes a command.",
    )
    parser.add_argument("--version", action="version", version=f"{COMMAND} {__version__}")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    # Options of a command may precede an unknown one.
    arguments, _ = parser.parse_known_args(words)
    if arguments.command is not None:
        parser.error(f"unknown command {arguments.command!r}: expected one of {', '.join(COMMANDS)}")
    parser.print_help()
    return 0 if words else 2

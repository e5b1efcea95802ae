"""Questions on a terminal: shown with their reason, asked again until the answer is valid, ended by Ctrl-C or Ctrl-D.

An answer is a line that ends with Enter. A line that the end of the input cuts off is no answer.
"""

from __future__ import annotations

import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ..console import say
from ..trouble import Trouble


class Refused(Exception):
    """Why an answer is not valid, and what is."""


@dataclass(frozen=True)
class Question:
    """`variable` answers it without a terminal: `make deploy VARIABLE=…`."""

    variable: str
    title: str
    reason: str
    check: Callable[[str], str]
    default: str = ""


def has_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def answers(questions: Sequence[Question], given: Mapping[str, str], command: str) -> dict[str, str]:
    """The valid answer to each question by its variable. `given` are those that need not be asked.

    Without a terminal the defaults are taken, and a question that has neither is an error that names every missing variable.
    """
    found = {
        question.variable: _given(question, given[question.variable]) for question in questions if question.variable in given
    }
    open_questions = [question for question in questions if question.variable not in found]
    if open_questions and not has_terminal():
        found |= _without_terminal(open_questions, command)
    elif open_questions:
        say("\nEnter takes the answer in brackets. Ctrl-C stops; until the last answer nothing is written.")
    for number, question in enumerate(questions, 1):
        heading = f"\n{number}/{len(questions)} {question.title}"
        if question.variable in found:
            say(f"{heading}: {found[question.variable]}")
        else:
            say(f"{heading}\n    {question.reason}")
            found[question.variable] = _ask(question)
    return {question.variable: found[question.variable] for question in questions}


def hidden(prompt: str, check: Callable[[str], str]) -> str:
    """A valid value that was typed without being shown, or an empty text."""
    while True:
        text = line(prompt, shown=False).strip()
        if not text:
            return ""
        try:
            return check(text)
        except Refused as reason:
            say(f"    {reason}")


def line(prompt: str, shown: bool = True) -> str:
    with _echo(shown):
        print(prompt, end="", file=sys.stderr, flush=True)
        # Not `input()`: bytes that are no text must be an invalid answer, and a cut-off line must be no answer.
        typed = sys.stdin.buffer.readline().decode(errors="replace")
    if not typed.endswith("\n"):
        say("")
        raise EOFError
    return typed


def _ask(question: Question) -> str:
    suffix = f" [{question.default}]" if question.default else ""
    while True:
        text = line(f"    {question.variable}{suffix}: ").strip() or question.default
        try:
            return question.check(text)
        except Refused as reason:
            say(f"    {reason}")


def _given(question: Question, text: str) -> str:
    try:
        return question.check(text.strip())
    except Refused as reason:
        raise Trouble(f"{question.variable} is set to a value that is not valid. {reason}") from reason


def _without_terminal(questions: Sequence[Question], command: str) -> dict[str, str]:
    missing = [question for question in questions if not question.default]
    if missing:
        variables = " ".join(f"{question.variable}=…" for question in missing)
        titles = ", ".join(question.title.lower() for question in missing)
        raise Trouble(f"There is no terminal to ask at: run `{command} {variables}` ({titles}), or set these variables.")
    return {question.variable: _given(question, question.default) for question in questions}


@contextmanager
def _echo(shown: bool) -> Iterator[None]:
    if shown:
        yield
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    quiet = [*before]
    quiet[3] &= ~termios.ECHO
    # What was typed before the question appeared was shown, and was meant for something else: it is discarded.
    termios.tcsetattr(terminal, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        say("")

"""A finding of the doctor: a level, a sentence, and what to do."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """The severity of a finding; its value is the exit status of `lco doctor`."""

    OK = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. `setting` names what to change, `remedy` says how; both may be empty."""

    part: str
    level: Level
    sentence: str
    setting: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """`error    database: it has no tables. DATABASE_URL: run flask --app wsgi lco migrate`."""
        advice = ": ".join(text for text in (self.setting, self.remedy) if text)
        return f"{self.level.name.lower():<8} {self.part}: {self.sentence}." + (f" {advice}" if advice else "")


def ok(part: str, sentence: str) -> Finding:
    """A finding that needs no action."""
    return Finding(part, Level.OK, sentence)


def warning(part: str, sentence: str, setting: str = "", remedy: str = "") -> Finding:
    """A finding that should be looked at."""
    return Finding(part, Level.WARNING, sentence, setting, remedy)


def error(part: str, sentence: str, setting: str = "", remedy: str = "") -> Finding:
    """A finding that stops a part from working."""
    return Finding(part, Level.ERROR, sentence, setting, remedy)

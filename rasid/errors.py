"""Every error that Rasid raises on purpose.

::

    RasidError
    ├── ConfigError        an operators' file is wrong: every problem with file:line
    ├── EditError          an edit of an operators' file is refused (line)
    ├── FetchError         a feed or page could not be had (url, permanent)
    ├── FeedParseError     what came is no feed (url)
    ├── ExtractError       no article could be read out of a page (url, permanent)
    ├── StorageError       the database refused (what to do)
    ├── TransportError     a channel did not take a message (channel, permanent, uncertain, retry_after, whole)
    └── TokenError         a reader's link is not ours, or its time is over (expired)

An error carries identity (which feed, which URL, which line) and policy (`permanent`: do not try again).
Anything else that is raised is a bug and stops the run, loudly.
"""

from __future__ import annotations

from dataclasses import dataclass


class RasidError(Exception):
    """The root: its text is written for the person who reads it."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in an operators' file."""

    file: str
    line: int  # from 1; 0 where the file as a whole is meant
    message: str  # what is wrong; what to write instead

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class ConfigError(RasidError):
    """One or more operators' files are refused; nothing is run."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class EditError(RasidError):
    """An edit is refused, nothing is changed; `line` is that of the text, 0 where no place is meant."""

    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message
        super().__init__(line, message)

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class FetchError(RasidError):
    """A feed or a page could not be had.

    `status` is the HTTP status where there was one; `retry_after` is in seconds, as the server asked. `deferred`:
    nothing was asked of the server, whose turn is later; no attempt is to be counted.
    """

    def __init__(
        self,
        url: str,
        reason: str,
        *,
        permanent: bool = False,
        status: int | None = None,
        retry_after: float | None = None,
        deferred: bool = False,
    ) -> None:
        self.url, self.reason, self.permanent = url, reason, permanent
        self.status, self.retry_after, self.deferred = status, retry_after, deferred
        super().__init__(f"{url}: {reason}")

    def __reduce__(self) -> tuple[object, ...]:  # keyword arguments do not survive pickling otherwise
        state = (self.url, self.reason, self.permanent, self.status, self.retry_after, self.deferred)
        return (_rebuild_fetch_error, state)


def _rebuild_fetch_error(
    url: str, reason: str, permanent: bool, status: int | None, retry_after: float | None, deferred: bool
) -> FetchError:
    return FetchError(
        url, reason, permanent=permanent, status=status, retry_after=retry_after, deferred=deferred
    )


class FeedParseError(RasidError):
    """What a feed's address gave is no feed."""

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(url, reason)

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}"


class ExtractError(RasidError):
    """No article could be read out of a page; `thin`: it holds a few words, and may hold more an hour later."""

    def __init__(self, url: str, reason: str, permanent: bool = True, thin: bool = False) -> None:
        self.url, self.reason, self.permanent, self.thin = url, reason, permanent, thin
        super().__init__(url, reason, permanent, thin)

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}"


class StorageError(RasidError):
    """The database cannot be used as it is; the text says what to do."""


class TransportError(RasidError):
    """A channel did not take a message.

    `permanent`: trying again cannot help. `uncertain`: the other side may have it all the same.
    `retry_after`: seconds that the other side asked for. `whole`: it is the channel that does not work (no connection,
    a refused log-in, 429), so other messages on the same way would fare no better. The text never holds a secret.
    """

    def __init__(
        self,
        channel: str,
        reason: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        retry_after: float | None = None,
        whole: bool = False,
    ) -> None:
        self.channel, self.reason = channel, reason
        self.permanent, self.uncertain, self.retry_after = permanent, uncertain, retry_after
        self.whole = whole
        super().__init__(f"{channel}: {reason}")


class TokenError(RasidError):
    """A reader's link was not signed by this Rasid, or its time is over (`expired`)."""

    def __init__(self, reason: str, *, expired: bool = False) -> None:
        self.expired = expired
        super().__init__(reason)

"""Server-sent events: from the bytes of a response to the data of each event (WHATWG HTML, section 9.2)."""

from __future__ import annotations

from collections.abc import Iterator

_LONGEST_EVENT_BYTES = 1 << 22


class EventTooLongError(ValueError):
    """More came without the end of an event than any honest event has."""


class EventParser:
    """Takes bytes as they come, cut anywhere, and gives the ``data`` of each event that is whole.

    An event that carries the ``id`` of the one before is a repetition and left out; ``repeated`` counts them.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._id = self._last_id = b""
        self.repeated = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The events that this chunk completes. Raises EventTooLongError."""
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _LONGEST_EVENT_BYTES:
            raise EventTooLongError
        for line in lines:
            event = self._line(line.removesuffix(b"\r"))
            if event is not None:
                yield event

    def end(self) -> bytes | None:
        """What stands at the end of a stream that forgot its last blank line."""
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        return self._line(b"")

    def _line(self, line: bytes) -> bytes | None:
        if not line:
            return self._dispatch()
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line.startswith(b"id:"):
            self._id = line[3:].strip()
        return None  # comments, event names and retry times mean nothing here

    def _dispatch(self) -> bytes | None:
        data, self._data = self._data, []
        event_id, self._id = self._id, b""
        if not data:
            return None
        if event_id and event_id == self._last_id:
            self.repeated += 1
            return None
        self._last_id = event_id
        return data[0] if len(data) == 1 else b"\n".join(data)

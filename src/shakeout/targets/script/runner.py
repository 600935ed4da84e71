"""
`python -m shakeout.targets.script.runner`: the small process that runs the team's own script.

It is a supervisor (see `shakeout.targets.supervisor`, whose order, log and events it has) of something that ends: it
starts the script once, and ends it with everything of its session when it is told to or when shakeout ends before the
script does. What the script left running when it ended by itself is deployed, and is left alone; so is what it put into
a session of its own. As long as something of that still has the script's output, its lines are taken in: a service
that writes into a pipe that nobody reads would end of it.
"""

from __future__ import annotations

import os
import signal
import time

from shakeout.targets.processes import Process, Stat, descendants, send
from shakeout.targets.supervisor import Supervisor, main, signal_name

_LAST_OUTPUT = 1.0
_KILL_SECONDS = 5.0


class ScriptRunner(Supervisor):
    def run(self) -> None:
        self._watch_signals()
        self._watch_owner()
        if self.stopping or not self._start(0):
            self.event("ended", reason="stopped" if self.stopping else "not-started")
            return
        began = time.monotonic()
        self._pump(None, lambda: self.main is None or self.stopping)
        stopped = self.main is not None
        if stopped:
            self._end_session()
        self._pump(_LAST_OUTPUT, lambda: self.streams == 0)
        outcome = {"signal": signal_name(-self.status)} if self.status < 0 else {"exit_status": self.status}
        pid = self.process.pid if self.process else None
        left = len(descendants(os.getpid()))
        self.event("exited", pid=pid, **outcome, seconds=round(time.monotonic() - began, 3), left=left)
        self.event("ended", reason="stopped" if stopped else "gave-up")
        # From here on only `stop` and SIGTERM mean anything; the end of shakeout does not.
        self.kept = True
        self.stopping = stopped
        self._pump(None, lambda: self.streams == 0 or self.stopping)

    def _end_session(self) -> None:
        """End the script and all that is still of its session: first by word, then by force."""
        self._signal_main(signal.SIGTERM)
        self._pump(self.order.grace, lambda: self.main is None)
        until = time.monotonic() + _KILL_SECONDS
        while (left := self._session()) and time.monotonic() < until:
            for entry in left:
                send(Process(entry.pid, entry.start), signal.SIGKILL)
            self._pump(0.02, lambda: not self._session())

    def _session(self) -> list[Stat]:
        own = os.getsid(0)
        return [entry for entry in descendants(os.getpid()) if entry.session == own]


if __name__ == "__main__":
    main(ScriptRunner)

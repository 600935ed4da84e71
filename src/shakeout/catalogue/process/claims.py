"""What may be true of a service's process, from how it ended to the line that says so."""

from __future__ import annotations

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Layer, claim


@claim(Layer.MECHANISM)
class CommandFails(Claim):
    """The platform could not even start the service's command."""

    service: str

    def __str__(self) -> str:
        return f"the command of {self.service} cannot be started"

    def why(self) -> str:
        return f"Why can the command of {self.service} not be started?"


@claim(Layer.MECHANISM)
class ProcessEnded(Claim):
    """A service's process ended by itself; `how` is `exited with status 2` or `was ended by SIGSEGV`."""

    service: str
    how: str

    def __str__(self) -> str:
        return f"the process of {self.service} {self.how}"

    def why(self) -> str:
        return f"Why did the process of {self.service} end?"


@claim(Layer.MECHANISM)
class ProcessRestarted(Claim):
    """A service is well now, and its process had ended and was started again before that."""

    service: str

    def __str__(self) -> str:
        return f"the process of {self.service} ended and was started again before it was ready"

    def why(self) -> str:
        return f"Why did the process of {self.service} end at first?"


@claim(Layer.MECHANISM)
class LastWords(Claim):
    """The last error that a service logged before its process ended."""

    service: str
    text: str

    def __str__(self) -> str:
        return f"the last error that {self.service} logged is: {self.text}"

    def why(self) -> str:
        return f"Why does {self.service} report that?"

    def title(self) -> str:
        return f"{self.service} ends with: {self.text}"


@claim(Layer.MECHANISM)
class NotListening(Claim):
    """A service's process lives and does not listen where it is expected."""

    service: str

    def __str__(self) -> str:
        return f"{self.service} runs, and does not listen at the address that it was given"

    def why(self) -> str:
        return f"Why does {self.service} not listen there?"


@claim(Layer.MECHANISM)
class HealthPathUnknown(Claim):
    """A service runs and listens, and knows no such address as its health is asked at."""

    service: str
    path: str

    def __str__(self) -> str:
        return f"{self.service} runs and answers, and knows no {self.path}"

    def why(self) -> str:
        return f"Why is {self.service} asked at {self.path}?"


@claim(Layer.MECHANISM)
class NotReady(Claim):
    """A service runs and answers at its health address that it is not well."""

    service: str
    status: int

    def __str__(self) -> str:
        return f"{self.service} runs, and answers {self.status} when it is asked for its health"

    def why(self) -> str:
        return f"Why is {self.service} not well?"


@claim(Layer.STATE)
class ListensElsewhere(Claim):
    """A service listens at other addresses than the one that it was given."""

    service: str
    addresses: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.service} listens at {', '.join(self.addresses)} instead"

    def why(self) -> str:
        return f"Why does {self.service} listen at {', '.join(self.addresses)}?"


@claim(Layer.STATE, actionable=True)
class OutOfMemory(Claim):
    """The system ended a process that asked for more memory than it may have."""

    service: str

    def __str__(self) -> str:
        return f"{self.service} needs more memory than it may have, and the system ended it"

    def title(self) -> str:
        return f"{self.service} is out of memory"


@claim(Layer.STATE, actionable=True)
class SlowStart(Claim):
    """A service becomes ready, only later than the default deadline."""

    service: str

    def __str__(self) -> str:
        return f"{self.service} is ready only after the deadline for its start, and nothing declares a longer one"

    def title(self) -> str:
        return f"{self.service} starts slower than it may"


@claim(Layer.DECLARATION)
class CommandNotFound(Claim):
    """A line names a command that is not there."""

    service: str
    command: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} starts {self.service} with '{self.command}', and there is no such command"

    def title(self) -> str:
        return f"there is no command '{self.command}', with which {self.at} starts {self.service}"

    def why(self) -> str:
        return f"Why does {self.at} name '{self.command}'?"


@claim(Layer.DECLARATION)
class StartFileAbsent(Claim):
    """A line starts a service with a file that the deployed commit does not have there."""

    service: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} makes {self.service} start with {self.path}, which the deployed commit does not have"

    def title(self) -> str:
        return f"{self.service} is started with a file that is not there: {self.path}"

    def why(self) -> str:
        return f"Why is there no {self.path}?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class WorkingFolderAbsent(Claim):
    """A line names a folder to start in that the deployed commit does not have."""

    service: str
    folder: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} starts {self.service} in the folder '{self.folder}', which the deployed commit does not have"

    def title(self) -> str:
        return f"{self.service} is started in a folder that does not exist: '{self.folder}'"

    def why(self) -> str:
        return f"Why does {self.at} name the folder '{self.folder}'?"


@claim(Layer.DECLARATION)
class NotExecutable(Claim):
    """A file of the repository is run as a program and may not be executed."""

    service: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at.path}, with which {self.service} is started, has no mode that allows to execute it"

    def title(self) -> str:
        return f"{self.at.path} may not be executed"

    def why(self) -> str:
        return f"Why may {self.at.path} not be executed?"


@claim(Layer.DECLARATION)
class InterpreterAbsent(Claim):
    """The first line of a script names an interpreter that is not there."""

    service: str
    interpreter: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} asks for the interpreter '{self.interpreter}', which is not there"

    def title(self) -> str:
        return f"{self.at.path} asks for an interpreter that is not there"

    def why(self) -> str:
        return f"Why does {self.at} ask for '{self.interpreter}'?"


@claim(Layer.DECLARATION)
class SettingMissing(Claim):
    """A service needs a variable of its environment that its block of the manifest does not set."""

    service: str
    variable: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.service} needs the variable {self.variable}, and its block at {self.at} does not set it"

    def title(self) -> str:
        return f"{self.service} lacks the setting {self.variable}"

    def why(self) -> str:
        return f"Why does {self.at} not set {self.variable}?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class SettingMisnamed(Claim):
    """The manifest sets a variable of nearly the name that the service needs."""

    service: str
    variable: str
    declared: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} sets {self.declared}, and {self.service} needs {self.variable}"

    def title(self) -> str:
        return f"{self.service} needs {self.variable}, and {self.at} sets {self.declared}"

    def why(self) -> str:
        return f"Why does {self.at} say {self.declared}?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class SettingInvalid(Claim):
    """The manifest sets a variable to a value that the service does not accept."""

    service: str
    variable: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.service} does not accept the value that {self.at} gives to {self.variable}"

    def title(self) -> str:
        return f"{self.service} does not accept {self.variable} as {self.at} sets it"

    def why(self) -> str:
        return f"Why does {self.at} give {self.variable} that value?"


@claim(Layer.DECLARATION)
class PortFixed(Claim):
    """A line decides the port by itself, and not by the PORT that the service is given."""

    service: str
    port: int
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} decides on port {self.port}, whatever PORT the service {self.service} is given"

    def title(self) -> str:
        return f"{self.service} listens on port {self.port}, not on the port that it is given"

    def why(self) -> str:
        return f"Why does {self.at} decide on port {self.port}?"


@claim(Layer.DECLARATION)
class HostFixed(Claim):
    """A line decides on an address of the machine at which nobody asks."""

    service: str
    host: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} makes {self.service} listen at {self.host} only, where it is not asked"

    def title(self) -> str:
        return f"{self.service} listens at {self.host} only"

    def why(self) -> str:
        return f"Why does {self.at} decide on {self.host}?"


@claim(Layer.DECLARATION)
class PortTaken(Claim):
    """A line fixes a port that another process of the machine has already."""

    service: str
    port: int
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} fixes port {self.port} for {self.service}, and another process has it already"

    def title(self) -> str:
        return f"port {self.port}, which {self.at} fixes for {self.service}, is in use"

    def why(self) -> str:
        return f"Why does {self.at} fix port {self.port}?"


@claim(Layer.DECLARATION)
class HealthPathWrong(Claim):
    """The manifest asks for a service's health where the service does not say it (any more)."""

    service: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} asks {self.service} for its health at {self.path}, where it does not say it"

    def title(self) -> str:
        return f"{self.service} is asked for its health at {self.path}, which it does not know"

    def why(self) -> str:
        return f"Why does {self.service} not know {self.path}?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class DeadlineTooShort(Claim):
    """A line gives a service less time to start than it takes."""

    service: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} gives {self.service} less time to start than it takes"

    def title(self) -> str:
        return f"{self.service} starts slower than {self.at} allows"

    def why(self) -> str:
        return f"Why does {self.at} give {self.service} so little time?"

"""What may be true of an image and of the containers that it makes."""

from __future__ import annotations

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Layer, claim


@claim(Layer.MECHANISM)
class ImageNotBuilt(Claim):
    """A step of an image's build failed."""

    service: str
    step: str

    def __str__(self) -> str:
        return f"the image of {self.service} cannot be built: the step `{self.step}` fails"

    def why(self) -> str:
        return f"Why does the step `{self.step}` fail?"


@claim(Layer.DECLARATION)
class BuildStepFails(Claim):
    """A line of a Dockerfile fails whenever the image is built."""

    service: str
    step: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} fails when the image of {self.service} is built"

    def title(self) -> str:
        return f"the image of {self.service} cannot be built: {self.at}"


@claim(Layer.STATE)
class WrongArchitecture(Claim):
    """An image has a program for another kind of machine than the one that it runs on."""

    service: str
    program: str
    seen: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.program} in the image of {self.service} is for {self.seen}, and the machine is {self.wanted}"

    def why(self) -> str:
        return f"Why is {self.program} for {self.seen}?"


@claim(Layer.DECLARATION)
class PlatformDeclared(Claim):
    """A line asks for another kind of machine, or puts a program for one into the image."""

    service: str
    seen: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} makes the image of {self.service} one for {self.seen}"

    def title(self) -> str:
        return f"the image of {self.service} is for {self.seen}: {self.at}"


@claim(Layer.STATE)
class LibraryAbsent(Claim):
    """A program loads a shared library of the system that the image does not hold."""

    library: str
    service: str
    user: Locator | None

    def __str__(self) -> str:
        return f"the image of {self.service} has no {self.library}"

    def why(self) -> str:
        return f"Why is {self.library} not in the image of {self.service}?"


@claim(Layer.DECLARATION)
class SystemPackageNotInstalled(Claim):
    """No line of the Dockerfile installs the system's package with a library that is loaded."""

    package: str
    library: str
    at: Locator
    user: Locator | None

    def __str__(self) -> str:
        return f"no instruction of {self.at.path} installs {self.package}, which has {self.library}"

    def title(self) -> str:
        return f"{self.at.path} does not install {self.package}"

    def why(self) -> str:
        return f"Why does {self.at.path} not install {self.package}?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.STATE)
class UserMayNotWrite(Claim):
    """A container's user may not write where the program does."""

    service: str
    path: str
    user: str
    owner: str

    def __str__(self) -> str:
        return f"{self.service} runs as the user {self.user}, who may not write to {self.path} ({self.owner}'s)"

    def why(self) -> str:
        return f"Why may {self.service} not write to {self.path}?"


@claim(Layer.DECLARATION)
class UserDeclared(Claim):
    """The line that makes a container run as a user who may not write where the program does."""

    service: str
    path: str
    user: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} makes {self.service} run as {self.user}, who may not write to {self.path}"

    def title(self) -> str:
        return f"{self.service} runs as {self.user} and may not write to {self.path}"


@claim(Layer.DECLARATION)
class FolderDeclared(Claim):
    """A setting names a folder to write to that the container's user may not write to."""

    service: str
    path: str
    user: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} names {self.path}, to which the user {self.user} of {self.service} may not write"

    def title(self) -> str:
        return f"{self.service} may not write to {self.path}, which {self.at} names"


@claim(Layer.DECLARATION)
class MemoryLimitSet(Claim):
    """A setting of the manifest gives a service less memory than it needs."""

    service: str
    limit: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} gives {self.service} {self.limit} of memory"

    def title(self) -> str:
        return f"{self.service} needs more than the {self.limit} of memory at {self.at}"


@claim(Layer.DECLARATION)
class CopiedElsewhere(Claim):
    """A line of a Dockerfile copies a file to another place of the image than where the program looks."""

    path: str
    place: str
    expected: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} copies {self.path} to {self.place}, and the program looks for {self.expected}"

    def title(self) -> str:
        return f"{self.at} copies {self.path} to where nobody looks for it"

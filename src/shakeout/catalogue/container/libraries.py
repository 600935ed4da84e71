"""Shared libraries of the system that an image lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.container.claims import LibraryAbsent, SystemPackageNotInstalled
from shakeout.catalogue.container.family import at_line, container, dockerfile_of, quoted_line
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import logged, own_frame, owner, quoted
from shakeout.evidence.image import Images
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy, Strength
from shakeout.why.links import Unknown

_LOADED = re.compile(r"(?P<library>lib[\w.+-]+?\.so(?:\.\d+)*): cannot open shared object file|"
                     r"Error loading shared library (?P<other>lib[\w.+-]+?\.so(?:\.\d+)*)")  # fmt: skip
_INSTALLS = re.compile(r"\b(?:apt-get|apt|apk|dnf|microdnf|yum|zypper)\b[^&;|]*\b(?:install|add)\b")
# Debian's packages, by the stem of the library.
PACKAGES: dict[str, str] = {
    "libGL": "libgl1", "libX11": "libx11-6", "libXext": "libxext6", "libXrender": "libxrender1", "libSM": "libsm6",
    "libcairo": "libcairo2", "libcurl": "libcurl4", "libffi": "libffi8", "libfontconfig": "libfontconfig1",
    "libfreetype": "libfreetype6", "libgdal": "libgdal32", "libgeos_c": "libgeos-c1v5", "libglib-2.0": "libglib2.0-0",
    "libgobject-2.0": "libglib2.0-0", "libgomp": "libgomp1", "libgthread-2.0": "libglib2.0-0",
    "libharfbuzz": "libharfbuzz0b", "libicuuc": "libicu72", "libjpeg": "libjpeg62-turbo",
    "liblz4": "liblz4-1", "libmagic": "libmagic1", "libmariadb": "libmariadb3", "libodbc": "unixodbc",
    "libopenblas": "libopenblas0", "libpango-1.0": "libpango-1.0-0", "libpangocairo-1.0": "libpangocairo-1.0-0",
    "libpangoft2-1.0": "libpangoft2-1.0-0", "libpq": "libpq5", "librdkafka": "librdkafka1", "libsndfile": "libsndfile1",
    "libsodium": "libsodium23", "libsnappy": "libsnappy1v5", "libssl": "libssl3", "libtesseract": "libtesseract5",
    "libtiff": "libtiff6", "libusb-1.0": "libusb-1.0-0", "libvips": "libvips42", "libwebp": "libwebp7",
    "libxml2": "libxml2", "libxslt": "libxslt1.1", "libyaml-0": "libyaml-0-2", "libzmq": "libzmq5",
}  # fmt: skip


@container.rule
def library_absent_from_image(
    raised: ExceptionRaised, images: Images, paths: SourcePaths, log: ErrorLog
) -> Iterator[Because]:
    """
    A shared library of the system is not in the image.

    ## What you see
    `libpq.so.5: cannot open shared object file: No such file or directory`, while a module is imported or loaded.

    ## Why it happens
    A Python package is only the half of it: the other half comes with the system, which a slim image has not.

    ## How we know
    The loader names the library, and the listing of the service's image has no file of that name.

    ## What to change
    Install the system's package in the Dockerfile, which the next link names.
    """
    match = _LOADED.search(raised.message)
    service = owner(raised, log)
    image = images.of(service)
    if match is None or image is None or service is None:
        return
    library = match["library"] or match["other"]
    if image.ending(library):
        return
    at = own_frame(raised, paths, log)
    evidence = [*logged(raised, log), *quoted(paths, at), *image.absence(f"/usr/lib/{library}")]
    yield Because(LibraryAbsent(library, service, at), evidence)


@container.rule
def system_package_not_installed(absent: LibraryAbsent, images: Images, repository: Repository) -> Iterator[Because]:
    """
    No line of the Dockerfile installs the package that has the library.

    ## What you see
    A Dockerfile that installs Python packages and not what those need of the system.

    ## Why it happens
    The library is on every developer's machine, or came with a larger base image.

    ## How we know
    No `RUN` of the stages that the image is made of names the package; the table of packages is Debian's.

    ## What to change
    `RUN apt-get update && apt-get install --yes --no-install-recommends PACKAGE`.
    """
    dockerfile = dockerfile_of(images.of(absent.service), repository)
    package = PACKAGES.get(absent.library.partition(".so")[0])
    if dockerfile is None or package is None:
        return
    runs = [run for stage in reversed(dockerfile.chain) for run in stage.runs]
    if any(package in run.text for run in runs):
        return
    installs = [run for run in runs if _INSTALLS.search(run.text)]
    line = installs[-1].line if installs else dockerfile.chain[-1].line
    at = at_line(dockerfile, line, repository)
    words = f"install {package} in {at.path}: apt-get install --yes --no-install-recommends {package}"
    yield Because(
        SystemPackageNotInstalled(package, absent.library, at, absent.user),
        list(quoted_line(at, repository, f"no RUN of this image installs {package}")),
        strength=Strength.ENTAILED,
        fix=Remedy("words", words),
    )


@container.rule
def package_needed_by_commit(missing: SystemPackageNotInstalled, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit took the package out of the Dockerfile, or wrote the line that needs it.

    ## What you see
    A Dockerfile without the package, and code that needs it.

    ## Why it happens
    A clean-up of the Dockerfile, or a new dependency whose other half was forgotten.

    ## How we know
    The history of the Dockerfile has a commit that removed the package's name; where none did, the line that loads the
    library is blamed.

    ## What to change
    Install the package again, or with the code that needs it.
    """
    for path, commit in repository.lost(missing.package):
        if path == missing.at.path:
            yield Because(introduced(commit, f"took {missing.package} out of {path}"), [commit.evidence()])
            return
    origin = repository.origin(missing.user.path, missing.user.line or 1) if missing.user is not None else None
    if origin is None or origin.boundary or missing.user is None:
        yield Unknown("the line of the repository that loads the library")
        return
    yield Because(introduced(origin.commit, f"wrote {missing.user}, which needs it"), [origin.commit.evidence()])

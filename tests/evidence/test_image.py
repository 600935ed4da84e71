"""What is read out of the record of an image."""

from __future__ import annotations

import pytest

from shakeout.evidence.image import Images, ObservedImage

RECORD = """image: localhost/shop:1
dockerfile: deploy/Dockerfile
user: app
user id: 10001:10002
working folder: /app
entry point: ["tini", "--"]
command: ["python", "-m", "shop"]

lrwxrwxrwx 0:0 0 /bin -> usr/bin
drwxr-xr-x 0:0 0 /app
-rw-r--r-- 0:0 12 /app/my file.py
-rwxr-x--- 10001:10002 30 /app/run
lrwxrwxrwx 0:0 0 /app/link -> run
drwxr-xr-x 0:0 0 /usr/bin
lrwxrwxrwx 0:0 0 /usr/bin/python -> python3.11
-rwxr-xr-x 0:0 9 /usr/bin/python3.11
"""


@pytest.fixture
def image() -> ObservedImage:
    return ObservedImage("web", "platform/web.image.txt", RECORD)


def test_the_head_says_what_a_container_starts_with(image: ObservedImage) -> None:
    assert image.start == ("tini", "--", "python", "-m", "shop")
    assert image.user == ("10001", "10002")
    assert image.python == (3, 11)
    assert image.value("stage") is None


def test_every_line_of_a_file_is_one_file(image: ObservedImage) -> None:
    assert image.files["/app/my file.py"].line == 11
    assert image.files["/app/run"].executable and not image.files["/app/my file.py"].executable
    assert len(image.files) == 8


@pytest.mark.parametrize(
    ("path", "found"),
    [("/bin/python", "/usr/bin/python3.11"), ("/app/link", "/app/run"), ("/app/../app/run", "/app/run"), ("/x", None)],
)
def test_links_of_files_and_folders_are_followed(image: ObservedImage, path: str, found: str | None) -> None:
    file = image.resolve(path)
    assert (file.path if file else None) == found


def test_a_link_to_itself_leads_nowhere() -> None:
    assert ObservedImage("web", "x", "\nlrwxrwxrwx 0:0 0 /a -> a\n").resolve("/a") is None


def test_absence_is_shown_by_the_deepest_folder_that_is_there(image: ObservedImage) -> None:
    (evidence,) = image.absence("/app/shop/orders.py")
    assert evidence.quote == "drwxr-xr-x 0:0 0 /app"
    assert evidence.note.startswith("/app/shop/orders.py is not among the 8 files")
    assert RECORD.split("\n")[(evidence.locator.line or 0) - 1] == evidence.quote


@pytest.mark.parametrize(
    ("uid", "gid", "may"), [("10001", "0", True), ("0", "0", True), ("10003", "10002", False), ("10003", "1", False)]
)
def test_who_may_write_follows_owner_group_and_mode(image: ObservedImage, uid: str, gid: str, may: bool) -> None:
    assert image.files["/app/run"].writable(uid, gid) is may


def test_an_image_is_found_by_its_service_and_by_its_dockerfile(image: ObservedImage) -> None:
    images = Images([image])
    assert images.of("web") is image
    assert images.built_from("deploy/Dockerfile") == (image,)
    assert images.of("mail") is None

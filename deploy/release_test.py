"""What the deployment itself looks at, once every service is there; run by `deploy/console.py`."""

from __future__ import annotations

import json
import unittest
import urllib.request

from environment import address, env


def version(service: str) -> dict[str, object]:
    """What a service says that it is."""
    with urllib.request.urlopen(f"{address(service)}/version", timeout=10) as answer:
        return dict(json.load(answer))


class ReleaseTest(unittest.TestCase):
    def test_the_page_is_served(self) -> None:
        with urllib.request.urlopen(f"{address('frontend')}/", timeout=10) as answer:
            self.assertIn("<title>", answer.read().decode())

    def test_the_backend_is_of_this_release(self) -> None:
        self.assertEqual(version("backend")["commit"], env("SHAKEOUT_COMMIT"))


if __name__ == "__main__":
    unittest.main()

"""The team's own deploy command: what it is given, what it says, and what is made of its end."""

from __future__ import annotations

from shakeout.report.model import Report


def outcomes(report: Report) -> dict[str, str]:
    return {result.name: str(result.outcome) for result in report.checks}


def test_the_script_deploys_and_everything_is_verified_and_taken_down(team) -> None:
    finished = team.run()
    report = finished.report
    assert report.status == "SUCCESSFUL", [(item.name, item.detail) for item in report.checks]
    assert set(outcomes(report).values()) == {"passed"}
    assert {service.name: service.status for service in report.services} == {"stock": "deployed", "web": "deployed"}
    assert all(service.url.startswith("http://127.0.0.1:") for service in report.services)
    assert "stopped web" in (finished.folder.path / "deployment" / "stop.log").read_text()
    assert team.processes() == []
    assert list((team.folder.parent / "temporary").iterdir()) == []
    assert not list((team.home / "state").glob("*.json"))

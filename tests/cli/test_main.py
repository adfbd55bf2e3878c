from __future__ import annotations

import json

import pytest

from yincai.cli import main as door

COMMANDS = {"import_items": "yincai.knowledge", "audit_verify": "yincai.core", "rebuild": "yincai.records"}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["import", "items", "bank.jsonl", "--json"], ("import_items", 2)),
        (["audit", "verify"], ("audit_verify", 2)),
        (["audit-verify"], ("audit_verify", 1)),
        (["rebuild", "learner-state", "--check"], ("rebuild", 1)),
        (["import"], None),
        (["--json", "audit", "verify"], None),
        ([], None),
    ],
)
def test_leading_words_name_the_command(words: list[str], found: tuple[str, int] | None) -> None:
    assert door.find(words, COMMANDS) == found


def test_the_longest_name_wins() -> None:
    both = {**COMMANDS, "rebuild_learner_state": "yincai.learning"}
    assert door.find(["rebuild", "learner-state", "--check"], both) == ("rebuild_learner_state", 2)
    assert door.find(["rebuild", "figures"], both) == ("rebuild", 1)


def test_an_unknown_command_leaves_with_2_and_names_what_is_near(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.refuse(["audit", "verfy"], COMMANDS) == 2
    assert "yincai audit verify" in capsys.readouterr().err


def test_only_our_own_packages_bring_commands() -> None:
    commands = door.own_commands()
    assert commands
    assert "migrate" not in commands
    assert all(app.startswith("yincai.") for app in commands.values())


def test_help_lists_each_command_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    door.main(["help"])
    said = capsys.readouterr().out
    assert all(f"  {door.spoken(name)} " in said for name in door.own_commands())


def test_wrong_use_of_a_command_leaves_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        door.main(["doctor", "--no-such-option"])
    assert left.value.code == 2
    assert "--no-such-option" in capsys.readouterr().err


def test_a_bad_setting_is_one_sentence_and_2(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    import sys

    monkeypatch.setenv("YINCAI_DEBUG", "perhaps")
    ran = subprocess.run(
        [sys.executable, "-c", "from yincai.cli.main import main; main(['help'])"],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2
    assert "YINCAI_DEBUG" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_doctor_tells_by_json_too_what_keeps_everything_from_running(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.stopped(["doctor", "--json"], "主密钥不见了") == 1
    said = capsys.readouterr()
    assert json.loads(said.out) == {"ok": False, "checks": [{"name": "home", "ok": False, "say": "主密钥不见了"}]}
    assert door.stopped(["audit", "verify", "--json"], "主密钥不见了") == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "主密钥不见了\n")

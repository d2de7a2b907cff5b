"""Settings are what they say, or somebody is told which line to mend."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.settings import LogFormat, SettingRefused, Settings, misspelt
from agents.settings_check import check
from monitor.cli import app
from tests.servers.certificates import Authority
from tests.servers.require import ROOT

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="  # 32 bytes, in base64


def file_of(folder: Path, *lines: str, mode: int = 0o640) -> Path:
    file = folder / "emc.env"
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    file.chmod(mode)
    return file


def said(folder: Path, *lines: str, mode: int = 0o640) -> list[str]:
    """The complaints, each without the folder."""
    found = check(file_of(folder, *lines, mode=mode))
    return [line.replace(f"{folder}/", "") for line in found]


def test_a_secret_is_read_from_the_file_that_its_variable_names(tmp_path: Path):
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "password").write_text("a b&c/d\n")

    read = Settings.from_environment(
        {
            "EMC_QUARANTINE_KEY_FILE": str(tmp_path / "key"),
            "EMC_KAFKA_PASSWORD_FILE": str(tmp_path / "password"),
            "EMC_DATABASE": "postgresql://emc@one,two/emc?sslmode=verify-full",
            "EMC_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        }
    )

    assert read.quarantine_key == KEY
    assert read.kafka_password == "a b&c/d"
    assert read.database == (
        "postgresql://emc@one,two/emc?sslmode=verify-full&password=a%20b%26c%2Fd"
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read"),
        ("\n", "is empty"),
        ("one\ntwo\n", "has more than one line"),
    ],
)
def test_a_file_that_is_no_secret_is_refused(tmp_path: Path, content, complaint: str):
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SettingRefused, match=complaint) as refused:
        Settings.from_environment({"EMC_QUARANTINE_KEY_FILE": str(file)})

    assert str(refused.value).startswith("EMC_QUARANTINE_KEY_FILE is ")


def test_a_secret_from_two_places_is_refused(tmp_path: Path):
    (tmp_path / "key").write_text(KEY)

    with pytest.raises(SettingRefused, match="leave one of them out"):
        Settings.from_environment(
            {"EMC_QUARANTINE_KEY": KEY, "EMC_QUARANTINE_KEY_FILE": str(tmp_path / "key")}
        )
    with pytest.raises(SettingRefused, match="EMC_DATABASE has a password"):
        Settings.from_environment(
            {"EMC_DATABASE": "postgresql://a:b@h/emc", "EMC_DATABASE_PASSWORD": "c"}
        )


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(SettingRefused) as refused:
        Settings.from_environment(
            {
                "EMC_SERVE_PORT": "70000",
                "EMC_BRISK": "2",
                "EMC_LOG_FORMAT": "xml",
                "EMC_REFUSAL_LIMIT_PERCENT": "0",
                "EMC_DOSSIERS_AT_HAND": "many",
            }
        )

    assert str(refused.value).splitlines() == [
        "EMC_REFUSAL_LIMIT_PERCENT is '0'; it must be a whole number from 1 to 100",
        "EMC_DOSSIERS_AT_HAND is 'many'; it must be a whole number from 1 on",
        "EMC_SERVE_PORT is '70000'; it must be a whole number from 0 to 65535",
        "EMC_LOG_FORMAT is 'xml'; it must be text or json",
        "EMC_BRISK is '2'; it must be 0 or 1",
    ]


def test_what_a_process_shows_of_its_settings_has_no_secret():
    read = Settings(
        database="postgresql://emc:S3CRET@h/emc?sslpassword=S3CRET&sslmode=require",
        kafka_password="S3CRET",
        quarantine_key="S3CRET",
        applicant_keys="S3CRET",
        topic="emc.other",
        log_format=LogFormat.JSON,
    )

    assert "S3CRET" not in repr(read)
    assert read.shown() == {
        "EMC_DATABASE": "postgresql://emc:***@h/emc?sslpassword=***&sslmode=require",
        "EMC_KAFKA_PASSWORD": "***",
        "EMC_QUARANTINE_KEY": "***",
        "EMC_APPLICANT_KEYS": "***",
        "EMC_TOPIC": "emc.other",
        "EMC_LOG_FORMAT": "json",
    }


def test_a_misspelt_variable_is_noticed_and_one_of_something_else_is_not():
    given = {"EMC_KAFAK": "x", "EMC_JOURNAL_OF_WHOM": "y", "PATH": "/bin", "EMC_TOPIC": "t"}

    assert [str(objection) for objection in misspelt(given)] == [
        "EMC_KAFAK is no setting; EMC_KAFKA is one"
    ]


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["# a", "EMC_KAFAK=k:9092"], "emc.env:2: EMC_KAFAK is no setting: EMC_KAFKA is one"),
        (
            ["EMC_TOPIC_FILE=/t"],
            "emc.env:1: EMC_TOPIC_FILE is no setting: only secrets are read from files: set EMC_TOPIC",
        ),
        (
            ["EMC_SERVE_PORT=http"],
            "emc.env:1: EMC_SERVE_PORT is 'http': it must be a whole number from 0 to 65535",
        ),
        (
            ["export EMC_TOPIC=emc.dossiers"],
            "emc.env:1: export is of a shell: write NAME=value alone",
        ),
        (
            ["EMC_TOPIC"],
            "emc.env:1: this is not NAME=value: write one, without blanks around =, or begin with #",
        ),
        (
            ['EMC_TOPIC="emc.dossiers"'],
            (
                "emc.env:1: EMC_TOPIC is quoted, and not every reader takes quotes off: leave them"
                " out; a value may have blanks in it"
            ),
        ),
        (
            ["EMC_TOPIC=a", "", "EMC_TOPIC=b"],
            "emc.env:3: EMC_TOPIC stands in line 1 too: leave one of them out",
        ),
        (
            ["EMC_GROUP=a$b"],
            (
                "emc.env:1: EMC_GROUP has a dollar sign, which compose reads as a variable: put a"
                " secret into a file of its own and name that with _FILE"
            ),
        ),
        (
            ["EMC_KAFKA_SECURITY=sasl_ssl"],
            (
                "emc.env:1: EMC_KAFKA_SECURITY sasl_ssl needs a user and a password:"
                " docs/reference/settings.md says what goes"
            ),
        ),
        (
            [
                "EMC_KAFKA_SECURITY=sasl_plaintext",
                "EMC_KAFKA_USER=emc",
                "EMC_KAFKA_MECHANISM=PLAIN",
                "EMC_KAFKA_PASSWORD=x",
            ],
            (
                "emc.env:3: EMC_KAFKA_MECHANISM is PLAIN without TLS: the password would travel as it"
                " is: EMC_KAFKA_SECURITY=sasl_ssl, or one of the SCRAM mechanisms"
            ),
        ),
        (
            ["EMC_SERVE_PORT=9101"],
            (
                "emc.env:1: EMC_SERVE_PORT is 9101, as EMC_WORKER_METRICS_PORT is: give each its own,"
                " or 0"
            ),
        ),
        (
            ["EMC_GATEWAY_TLS_KEY=/nowhere.key"],
            "emc.env:1: EMC_GATEWAY_TLS_KEY is set alone: set both, or neither",
        ),
        (
            ["EMC_DATABASE=postgresql://emc@db/emc?sslmode=verify_full"],
            (
                "emc.env:1: EMC_DATABASE has sslmode=verify_full: one of disable, allow, prefer,"
                " require, verify-ca, verify-full"
            ),
        ),
        (
            ["EMC_WATCHDOG_SECONDS=5"],
            (
                "emc.env:1: EMC_WATCHDOG_SECONDS is 5, and after an outage a worker may need ten to"
                " look: 0, or 20 at the least"
            ),
        ),
        (
            ["EMC_QUARANTINE_KEY=c2hvcnQ="],
            (
                "emc.env:1: EMC_QUARANTINE_KEY is no key (the quarantine key must be 32 bytes in"
                " base64): head -c 32 /dev/urandom | base64"
            ),
        ),
        (
            ["EMC_GATEWAY_MEMORY_MB=1"],
            (
                "emc.env:1: EMC_GATEWAY_REQUEST_BYTES is more than the 1 MB of EMC_GATEWAY_MEMORY_MB:"
                " give it less, or the gateway more"
            ),
        ),
        (
            ["EMC_ZONE=Asia/Nowhere"],
            (
                "emc.env:1: EMC_ZONE 'Asia/Nowhere' is no time zone of the tz database:"
                " docs/reference/settings.md says what goes"
            ),
        ),
        (
            ["EMC_LISTEN=nowhere.invalid"],
            (
                "emc.env:1: EMC_LISTEN is 'nowhere.invalid', which is no address: one of this"
                " host's, or 0.0.0.0 for all"
            ),
        ),
        (
            ["EMC_FOO=1"],
            "emc.env:1: EMC_FOO is no setting: docs/reference/settings.md has all",
        ),
    ],
)
def test_a_file_of_settings_is_told_line_reason_and_remedy(
    tmp_path: Path, lines: list[str], complaint: str
):
    assert said(tmp_path, *lines) == [complaint]


def test_a_secret_that_everybody_may_read_is_complained_of(tmp_path: Path):
    secret = tmp_path / "quarantine"
    secret.write_text(KEY)
    secret.chmod(0o644)
    tmp_path.chmod(0o755)
    lines = [f"EMC_QUARANTINE_KEY_FILE={secret}", "EMC_GROUP=emc"]

    assert said(tmp_path, *lines) == [
        (
            "emc.env:1: EMC_QUARANTINE_KEY_FILE is quarantine, which everybody may read: chmod 640"
            " quarantine"
        )
    ]
    secret.chmod(0o640)
    assert said(tmp_path, *lines) == []
    assert said(tmp_path, f"EMC_QUARANTINE_KEY={KEY}", mode=0o644) == [
        (
            "emc.env:1: EMC_QUARANTINE_KEY is in the clear in a file that everybody may read: chmod"
            " 640 emc.env"
        )
    ]
    secret.chmod(0o644)
    tmp_path.chmod(0o700)
    assert said(tmp_path, *lines) == []


def test_certificates_are_tried(tmp_path: Path):
    good = Authority(tmp_path / "ca").issue("gateway")
    other = Authority(tmp_path / "other").issue("other")
    lines = [
        f"EMC_GATEWAY_TLS_CERTIFICATE={good.certificate}",
        f"EMC_GATEWAY_TLS_KEY={good.key}",
    ]

    assert said(tmp_path, *lines) == []
    lines[1] = f"EMC_GATEWAY_TLS_KEY={other.key}"
    [complaint] = said(tmp_path, *lines)
    assert complaint.startswith("emc.env:1: EMC_GATEWAY_TLS_CERTIFICATE and its key cannot be")


def test_a_bad_value_keeps_back_nothing_that_is_wrong_beside_it(tmp_path: Path):
    found = said(
        tmp_path,
        "EMC_SERVE_PORT=eighty",
        "EMC_KAFKA_SECURITY=tsl",
        "EMC_KAFKA_USER=emc",
        "EMC_ZONE=Asia/Nowhere",
        "EMC_WORKER_METRICS_PORT=8080",
    )

    assert [line.split()[:2] for line in found] == [
        ["emc.env:1:", "EMC_SERVE_PORT"],
        ["emc.env:2:", "EMC_KAFKA_SECURITY"],
        ["emc.env:4:", "EMC_ZONE"],
    ]


def test_reference_files_that_it_names_are_checked_too(tmp_path: Path):
    folder = tmp_path / "reference"
    folder.mkdir()

    complaints = said(tmp_path, f"EMC_REFERENCE={folder}")

    assert complaints
    assert all(line.startswith("reference/") for line in complaints)
    assert said(tmp_path, f"EMC_REFERENCE={ROOT / 'deploy' / 'reference'}") == []


def test_emc_check_says_it_and_ends_with_a_status(tmp_path: Path):
    run = CliRunner()
    bad = run.invoke(app, ["check", "--settings", str(file_of(tmp_path, "EMC_KAFAK=k"))])
    good = run.invoke(app, ["check", "--settings", str(file_of(tmp_path, "EMC_KAFKA=k:9092"))])

    assert (bad.exit_code, good.exit_code) == (1, 0)
    assert "emc.env:1: EMC_KAFAK is no setting: EMC_KAFKA is one" in bad.output
    assert "nothing to complain of" in good.output


def test_reference_files_of_an_image_are_no_complaint_on_another_host(tmp_path: Path):
    file = file_of(tmp_path, "EMC_KAFKA=k:9092", "EMC_REFERENCE=/opt/nowhere/reference")

    done = CliRunner().invoke(app, ["check", "--settings", str(file)])

    assert done.exit_code == 0
    assert (
        f"{file}:2: EMC_REFERENCE is /opt/nowhere/reference, not on this host: its files are not"
        " checked" in done.output
    )


def test_what_listens_nowhere_names_the_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EMC_LISTEN", "nowhere.invalid")

    done = CliRunner().invoke(app, ["serve"])

    assert done.exit_code != 0
    assert "EMC_LISTEN is 'nowhere.invalid', which is no address" in done.output + str(
        done.exception
    )


def test_a_process_with_a_wrong_indicator_set_does_not_start(tmp_path: Path):
    assert Settings().indicator_sets() == []
    (tmp_path / "indicators").mkdir()
    (tmp_path / "indicators" / "own.toml").write_text("version = 1\n")

    with pytest.raises(SettingRefused, match=r"own\.toml:1"):
        Settings(reference=str(tmp_path)).indicator_sets()

"""`emc generate` as a shell sees it."""

import gzip
import json
import signal
import subprocess
import sys

from agents.generate.command import generate

CALL = "import sys; from agents.generate.command import generate; sys.exit(generate({}))"


def run(arguments: str, **options):
    return subprocess.Popen(
        [sys.executable, "-c", CALL.format(arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_a_file_has_a_record_a_line(tmp_path, capsys):
    out = tmp_path / "dossiers.ndjson"

    status = generate(dossiers=50, duplicates=0, out=str(out))

    lines = out.read_bytes().splitlines()
    assert status == 0
    assert len({json.loads(line)["data"]["dossier"] for line in lines}) == 50
    assert f"{len(lines)} records to" in capsys.readouterr().err


def test_petitions_and_claims_go_to_files_of_their_own(tmp_path, capsys):
    petitions, claims = tmp_path / "petitions.ndjson", tmp_path / "claims.ndjson"

    status = generate(
        dossiers=2_000,
        out=str(tmp_path / "x"),
        petitions_to=str(petitions),
        claims_to=str(claims),
    )

    said = capsys.readouterr().err
    types = {json.loads(line)["type"] for line in petitions.read_bytes().splitlines()}
    stated = {json.loads(line)["type"] for line in claims.read_bytes().splitlines()}
    dossiers = {json.loads(line)["type"] for line in (tmp_path / "x").read_bytes().splitlines()}
    assert status == 0
    assert types == {"petition.v1"}
    assert stated == {"external.claim.v1"}
    assert all(type_.startswith("dossier.") for type_ in dossiers)
    assert f"records of petitions to {petitions}" in said
    assert f"claims to {claims}" in said


def test_states_alone_are_there_for_the_asking(tmp_path):
    out = tmp_path / "x"
    generate(dossiers=50, official=False, out=str(out))

    types = {json.loads(line)["type"] for line in out.read_bytes().splitlines()}
    assert types == {"dossier.state.v1"}


def test_an_authority_or_a_shape_that_does_not_exist_is_a_usage_error(capsys):
    assert generate(agency="H99") == 2
    assert "there is no authority 'H99'" in capsys.readouterr().err
    assert generate(shape="1999") == 2
    assert "there is no shape '1999': 2024" in capsys.readouterr().err


def test_what_went_wrong_on_purpose_is_counted(tmp_path, capsys):
    generate(dossiers=200, duplicates=0.1, late=0.1, bad=0.1, out=str(tmp_path / "x"))

    said = capsys.readouterr().err
    assert "sent again" in said
    assert "late" in said
    assert "broken" in said


def test_a_name_in_gz_is_compressed_and_the_same_every_time(tmp_path):
    first, second = tmp_path / "a.ndjson.gz", tmp_path / "b.ndjson.gz"
    generate(dossiers=20, out=str(first))
    generate(dossiers=20, out=str(second))

    assert (
        json.loads(gzip.decompress(first.read_bytes()).splitlines()[0])["specversion"] == "1.0"
    )
    assert first.read_bytes() == second.read_bytes()


def test_standard_output_has_nothing_but_records():
    child = run("dossiers=20, duplicates=0")
    out, err = child.communicate(timeout=60)

    assert child.returncode == 0
    assert all(json.loads(line)["data"]["dossier"] for line in out.splitlines())
    assert b"records to standard output" in err


def test_a_reader_that_goes_away_is_no_failure():
    child = run("dossiers=20_000")
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()

    assert child.wait(timeout=60) == 0
    assert child.stderr.read() == b""
    child.stderr.close()


def test_ctrl_c_leaves_whole_lines_and_no_traceback(tmp_path):
    out = tmp_path / "dossiers.ndjson"
    child = run(f"dossiers=3_000_000, out={str(out)!r}")
    while not (out.exists() and out.stat().st_size > 100_000):
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)

    assert child.returncode == 130
    assert err.startswith(b"interrupted, not complete: ")
    assert b"Traceback" not in err
    assert all(json.loads(line) for line in out.read_bytes().splitlines())


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path, capsys):
    status = generate(dossiers=1, out=str(tmp_path / "nowhere" / "x"))

    assert status == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_a_scenario_that_cannot_be_is_a_usage_error(capsys):
    assert generate(late=3.0) == 2
    assert "a share is between 0 and 1" in capsys.readouterr().err

"""PostgreSQL of the distribution, which speaks TLS and asks for passwords: a server of a test's own.

The one of tests/servers/postgres.py is built without TLS.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers.certificates import Pair
from tests.servers.process import Server, free_port, listens
from tests.servers.require import require_postgres

OWNER: Final = "emc"
PASSWORD: Final = "a secret of PostgreSQL's"


@contextmanager
def tls_postgres(pair: Pair) -> Iterator[str]:
    """The address of a database, without password, parameters or faith in who answers."""
    binaries = require_postgres()
    # PostgreSQL refuses to be root; its folder must be below none that is closed to others.
    folder = Path(tempfile.mkdtemp(prefix="emc-postgres-tls-"))
    data, secret = folder / "data", folder / "password"
    secret.write_text(PASSWORD)
    for source, name in ((pair.certificate, "server.pem"), (pair.key, "server.key")):
        shutil.copy(source, folder / name)
        (folder / name).chmod(0o600)
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        subprocess.run(["chown", "-R", f"{user}:", str(folder)], check=True)
    _as(
        user,
        binaries / "initdb",
        *("-D", data, "-U", OWNER, "--pwfile", secret, "--auth=scram-sha-256", "--no-sync"),
    )
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    port = free_port()
    given = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "ssl": "on",
        "ssl_cert_file": folder / "server.pem",
        "ssl_key_file": folder / "server.key",
    }
    server = Server(
        "PostgreSQL with TLS",
        [
            *(
                ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
                if user
                else []
            ),
            binaries / "postgres",
            "-D",
            data,
            *(f"--{name}={value}" for name, value in given.items()),
        ],
        log=folder / "log",
        ready=lambda _: listens(port),
    )
    try:
        server.start()
        yield f"postgresql://{OWNER}@127.0.0.1:{port}/postgres"
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _as(user: str | None, *command: object) -> None:
    subprocess.run(
        [str(part) for part in command],
        check=True,
        user=user,
        cwd="/",
        stdout=subprocess.DEVNULL,
    )

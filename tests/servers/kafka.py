"""Apache Kafka in KRaft mode from its jars: one broker for the session, or a cluster of a test's own.

Every node is broker and controller. Its data outlive the process, so that a node can be killed,
frozen and started again with what it had written.
"""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.servers.certificates import Authority, Pair
from tests.servers.process import Server, free_port
from tests.servers.require import require, require_kafka_jars

# Any base64 of sixteen bytes; the nodes of one cluster must have the same.
CLUSTER_ID: Final = "MkU3OEVBNTcwNTJENDM2Qg"
HEAP: Final = "512m"
LARGEST_RECORD: Final = 16 << 20

# Serial collection and a fixed small heap: several brokers share two cores with the tests.
JVM: Final = (
    f"-Xmx{HEAP}",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)
# Logged once the node is registered, unfenced and answers requests.
READY: Final = "Kafka Server started"


class KafkaNode(Server):
    """One broker and controller of a cluster."""

    def __init__(
        self,
        node: int,
        folder: Path,
        properties: Mapping[str, str],
        users: Mapping[str, str] | None = None,
    ) -> None:
        self.node = node
        self._users = users or {}
        folder.mkdir(parents=True)
        self._properties = folder / "server.properties"
        self._properties.write_text(
            "".join(f"{key}={value}\n" for key, value in properties.items())
        )
        advertised = dict(
            listener.split("://") for listener in properties["advertised.listeners"].split(",")
        )
        self.bootstrap = advertised["PLAINTEXT"]
        self.guarded = advertised.get("GUARDED", "")  # where clients say who they are
        super().__init__(
            f"Kafka {node}",
            [*_java(), "kafka.Kafka", self._properties],
            log=folder / "kafka.log",
            ready=lambda server: READY in server.said(),
            patience_s=120,
        )

    def format_storage(self) -> Server:
        """Begin what must be done once, before the first start."""
        formatter = Server(
            f"the formatting of {self.name}",
            [
                *_java(),
                "kafka.tools.StorageTool",
                "format",
                "-t",
                CLUSTER_ID,
                "-c",
                self._properties,
                *(
                    part
                    for user, password in self._users.items()
                    for part in ("-S", f"SCRAM-SHA-512=[name={user},password={password}]")
                ),
            ],
            log=self.log.with_name("format.log"),
            ready=lambda _: True,
        )
        formatter.launch()
        return formatter


def _java() -> list[str]:
    return [require("java"), *JVM, "-cp", f"{require_kafka_jars()}/*"]


def _guard(port: int, control: int) -> dict[str, str]:
    """Whoever comes by the other listener is nobody's user, and may do everything, as brokers may."""
    guarded = f"GUARDED://127.0.0.1:{free_port()}"
    return {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},{guarded},CONTROLLER://127.0.0.1:{control}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},{guarded}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,GUARDED:SASL_PLAINTEXT,"
        "CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.guarded.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
    }


def _closed(pair: Pair, authority: Authority, users: Mapping[str, str]) -> dict[str, str]:
    """The guarded listener speaks TLS, and all who are known may do everything.

    Of who has a certificate it looks at whose; who has none shows a password.
    """
    plain = " ".join(f'user_{user}="{password}"' for user, password in users.items())
    security = "org.apache.kafka.common.security"
    return {
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,GUARDED:SASL_SSL,"
        "CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "listener.name.guarded.plain.sasl.jaas.config": f"{security}.plain.PlainLoginModule"
        f" required {plain};",
        "listener.name.guarded.ssl.keystore.type": "PEM",
        "listener.name.guarded.ssl.keystore.location": str(pair.both),
        "listener.name.guarded.ssl.truststore.type": "PEM",
        "listener.name.guarded.ssl.truststore.location": str(authority.file),
        "listener.name.guarded.ssl.client.auth": "requested",
        "super.users": ";".join(["User:ANONYMOUS", *(f"User:{user}" for user in users)]),
    }


def kafka_tool(name: str, *arguments: str) -> None:
    """One of Kafka's own commands, as `kafka-acls.sh` starts it."""
    done = subprocess.run(  # the command line is a test's
        [*_java(), TOOLS[name], *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"


TOOLS: Final = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
}


class KafkaCluster:
    """So many nodes, all of them voters; with three, any one of them may be lost."""

    def __init__(
        self,
        folder: Path,
        nodes: int = 1,
        settings: Mapping[str, str] | None = None,
        *,
        guarded: bool = False,
        closed: tuple[Pair, Authority, Mapping[str, str]] | None = None,
    ) -> None:
        """`guarded`: with a listener more, for users of SCRAM, who may do what ACLs say.

        `closed`: that listener speaks TLS with this certificate, and knows these users.
        """
        guarded = guarded or closed is not None
        ports = {node: (free_port(), free_port()) for node in range(1, nodes + 1)}
        voters = ",".join(f"{node}@127.0.0.1:{port}" for node, (_, port) in ports.items())
        replicas = str(min(nodes, 3))
        in_sync = str(min(nodes, 2))
        self.nodes = [
            KafkaNode(
                node,
                folder / str(node),
                {
                    "process.roles": "broker,controller",
                    "node.id": str(node),
                    "controller.quorum.voters": voters,
                    "controller.listener.names": "CONTROLLER",
                    "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control}",
                    "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
                    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                    "log.dirs": str(folder / str(node) / "data"),
                    # The service makes its own topics; a misspelt one must not come to life.
                    "auto.create.topics.enable": "false",
                    "default.replication.factor": replicas,
                    "min.insync.replicas": in_sync,
                    "offsets.topic.num.partitions": "4",
                    "offsets.topic.replication.factor": replicas,
                    "transaction.state.log.num.partitions": "4",
                    "transaction.state.log.replication.factor": replicas,
                    "transaction.state.log.min.isr": in_sync,
                    "share.coordinator.state.topic.replication.factor": replicas,
                    "share.coordinator.state.topic.min.isr": in_sync,
                    # A killed node may come back only when the session of the last one is over.
                    "broker.session.timeout.ms": "3000",
                    "broker.heartbeat.interval.ms": "500",
                    # A test waits for no member but its own, and lets short sessions expire.
                    "group.initial.rebalance.delay.ms": "0",
                    "group.min.session.timeout.ms": "1000",
                    "message.max.bytes": str(LARGEST_RECORD),
                    "replica.fetch.max.bytes": str(LARGEST_RECORD),
                    **(_guard(port, control) if guarded else {}),
                    **(_closed(*closed) if closed else {}),
                    **(settings or {}),
                },
                closed[2] if closed else None,
            )
            for node, (port, control) in ports.items()
        ]
        self.bootstrap = ",".join(node.bootstrap for node in self.nodes)

    @property
    def guarded(self) -> str:
        """The address where clients say who they are."""
        return ",".join(node.guarded for node in self.nodes)

    def start(self) -> None:
        for formatter in [node.format_storage() for node in self.nodes]:
            formatter.succeed(within_s=120)
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.await_ready()

    def stop(self) -> None:
        # All are told before any is waited for: a node that leaves looks for a quorum to leave from.
        for node in self.nodes:
            node.ask_to_end()
        for node in self.nodes:
            node.stop()

    def tail(self, lines: int = 40) -> str:
        return "\n".join(node.tail(lines) for node in self.nodes)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaNode]:
    """The session's broker. A test that kills it starts it again."""
    cluster = KafkaCluster(tmp_path_factory.mktemp("kafka"))
    try:
        cluster.start()
        yield cluster.nodes[0]
    finally:
        cluster.stop()


@pytest.fixture
def kafka_cluster(tmp_path: Path) -> Iterator[Callable[..., KafkaCluster]]:
    """Makes clusters: `kafka_cluster(nodes=3, settings={...})`; they end with the test."""
    made: list[KafkaCluster] = []

    def make(
        nodes: int = 3, settings: Mapping[str, str] | None = None, **said: Any
    ) -> KafkaCluster:
        cluster = KafkaCluster(tmp_path / f"kafka-{len(made)}", nodes, settings, **said)
        made.append(cluster)
        cluster.start()
        return cluster

    yield make
    for cluster in made:
        cluster.stop()

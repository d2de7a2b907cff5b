"""Our hash of a key is the one by which other Kafka clients choose a partition."""

from aiokafka.partitioner import murmur2 as theirs
from hypothesis import given
from hypothesis.strategies import binary

from agents.murmur import murmur2


@given(binary(max_size=300))
def test_it_is_the_hash_of_the_client_library(key: bytes):
    assert murmur2(key) == theirs(key)


def test_it_is_the_hash_of_the_java_client():
    """As Kafka's own test has them (org.apache.kafka.common.utils.UtilsTest), without the sign."""
    assert murmur2(b"21") == -973932308 % 2**32
    assert murmur2(b"foobar") == -790332482 % 2**32
    assert murmur2(b"a-little-bit-longer-string") == -1486304829 % 2**32

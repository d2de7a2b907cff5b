"""What the tests of the reference files share."""

from typing import TypeVar

T = TypeVar("T")


def there(found: T | None) -> T:
    """What was looked for; a test that does not find it has failed."""
    assert found is not None
    return found

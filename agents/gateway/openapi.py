def text() -> str:
    return "{}"

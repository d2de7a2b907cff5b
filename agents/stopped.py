"""Why a process ends: apart, so that to say it needs nothing of what processes are made of."""


class Stopped(Exception):
    """The process cannot go on; the text says why and how to go on."""

"""What a person is told when something can't be started."""


class StartError(Exception):
    """The platform or one of its servers can't be started; the message is one sentence for a person."""

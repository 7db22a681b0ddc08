"""x."""


def run():
    return []

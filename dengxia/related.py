"""What fits an article."""


def change(ids) -> None:
    pass


def clear() -> None:
    pass

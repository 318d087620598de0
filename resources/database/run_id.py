"""Who a run is: the same study, inputs, code and seed have the same id, on every machine."""

import uuid

#: fixed for ever: another namespace would rename every run
RUN_NAMESPACE = uuid.UUID("6f7c1b0e-52a4-5c0f-9b43-0d5e7a1c94d2")


def run_id(study_digest: str, inputs_digest: str, code_digest: str, seed: int) -> uuid.UUID:
    """uuid5 over the digests and the seed.

    Raises
    ------
    ValueError
        If a digest is empty or holds the separator, so that two different runs could share a name.
    """
    parts = {"study_digest": study_digest, "inputs_digest": inputs_digest, "code_digest": code_digest}
    for name, digest in parts.items():
        if not digest or "|" in digest:
            raise ValueError(f"run id: {name} is {digest!r}; give a digest in hexadecimal digits")
    return uuid.uuid5(RUN_NAMESPACE, "|".join([*parts.values(), str(int(seed))]))


def trade_id(run: uuid.UUID, package_id: int) -> uuid.UUID:
    """The id of one package of a run."""
    return uuid.uuid5(run, f"trade|{package_id}")

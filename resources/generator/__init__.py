"""The project's own market generator: three universes as vendor files, for the demo and for tests.

``generate_demo`` is the entry; ``specs`` says what is generated, ``market`` runs the simulation, ``cboe_files``
and ``deribit_files`` print it as the vendors do, ``defects`` spoils some days, ``manifest`` keeps count.
"""

from resources.generator.demo import GenerationSummary, generate_demo

__all__ = ["GenerationSummary", "generate_demo"]

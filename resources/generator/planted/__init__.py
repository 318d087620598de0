"""Generated markets of any length with planted truths: known defects, corporate actions and profit.

``market_file`` turns a YAML file into a market, ``defect_catalogue`` names the kinds of defects, ``planting`` chooses
where they go, ``row_defects`` and ``day_defects`` make them in a ``day_sheet``, ``known_profit`` computes two
strategies from the simulated truth, ``set_writer`` writes it all in one pass, ``scoring`` counts what was found.
"""

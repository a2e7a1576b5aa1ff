-- A cost is told in the currency that the charger shows, or not at all: one variable among the hundreds of a charger is
-- asked for with each cost.
CREATE INDEX variables_currency_shown ON variables (charger_id) WHERE lower(component) = 'tariffcostctrlr'
    AND lower(variable) = 'currency' AND attribute = 'Actual';

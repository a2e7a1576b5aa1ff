-- Where a session was when it was first accounted: {"site": {"id", "name", "place"} or null, "time_zone": IANA}. Its
-- charger may be moved, and its site renamed; what the session was priced by, and what its page shows, stays.
-- NULL: not accounted yet, or before there was this column; what was billed then says it in its record.
ALTER TABLE transaction_accounts ADD COLUMN at_site json;
-- What does not count into the energy of the day: few, by when it was over. Which no tariff priced counts.
CREATE INDEX transaction_accounts_void ON transaction_accounts (over_at) INCLUDE (transaction_id)
    WHERE billing = 'void' AND NOT waits_for && '{no_tariff}';

-- Groups of tokens are compared without case, as tokens are: GRP and grp are one group, with one spelling, the first.
UPDATE id_tokens t SET group_id_token = first.spelling
FROM (
    SELECT DISTINCT ON (lower(group_id_token)) lower(group_id_token) AS key, group_id_token AS spelling
    FROM id_tokens WHERE group_id_token IS NOT NULL ORDER BY lower(group_id_token), created_at, id_token
) AS first
WHERE lower(t.group_id_token) = first.key AND t.group_id_token <> first.spelling;
DELETE FROM tariff_assignments a USING tariff_assignments b
WHERE a.tariff_id = b.tariff_id AND lower(a.token_group) = lower(b.token_group)
    AND (b.created_at, b.id) < (a.created_at, a.id);
UPDATE tariff_assignments a SET token_group = t.group_id_token FROM id_tokens t
WHERE lower(t.group_id_token) = lower(a.token_group) AND t.group_id_token <> a.token_group;
ALTER TABLE tariff_assignments DROP CONSTRAINT tariff_assignments_tariff_id_charger_id_site_id_token_group_key;
CREATE UNIQUE INDEX tariff_assignments_once ON tariff_assignments (tariff_id, charger_id, site_id, lower(token_group))
    NULLS NOT DISTINCT;

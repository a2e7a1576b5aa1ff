-- A certificate says who comes: its common name is one charger's (SE-07). Those that share one already go on as they are
-- until somebody changes how they connect; the first of them counts, so that nobody else takes the name.
ALTER TABLE chargers ADD COLUMN certificate_is_shared boolean NOT NULL DEFAULT false;
UPDATE chargers SET certificate_is_shared = true
FROM (
    SELECT id, row_number() OVER (PARTITION BY coalesce(certificate_name, id) ORDER BY created_at, id) AS place
    FROM chargers WHERE security_profile = 3
) AS found
WHERE chargers.id = found.id AND found.place > 1;
CREATE UNIQUE INDEX chargers_certificate_name ON chargers (coalesce(certificate_name, id))
    WHERE security_profile = 3 AND NOT certificate_is_shared;

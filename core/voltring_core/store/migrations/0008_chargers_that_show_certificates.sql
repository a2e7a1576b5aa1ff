-- Which security profile a charger must come with at least (SE-01). The router ends TLS and verifies certificates.
ALTER TABLE chargers
    ADD COLUMN security_profile smallint CHECK (security_profile IN (2, 3)),  -- NULL: by its secret, TLS or not
    ADD COLUMN certificate_name text CHECK (certificate_name <> '');          -- of profile 3; NULL: its id

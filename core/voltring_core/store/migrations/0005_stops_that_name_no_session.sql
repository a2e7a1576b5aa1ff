-- Stops that name no session, by their charger: each start and stop decides anew whose they are.
CREATE INDEX transactions_nameless_stops ON transactions (charger_id, ended_at)
    WHERE state = 'Orphan' AND resolution IS DISTINCT FROM 'dismissed';

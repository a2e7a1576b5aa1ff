-- name: ranks
-- What goes on at each of these chargers, as far as it decides who is closed first (domain/draining.py: Rank); those at
-- which nothing goes on are left out. A job of which nothing was heard for long ($2, seconds) is taken to be dead; a
-- start counts until it has become a session, or its time ($3, seconds) is over.
SELECT charger_id, rank FROM (
    SELECT mine.charger_id, CASE
        WHEN EXISTS (
            SELECT FROM station_records r WHERE r.charger_id = mine.charger_id AND r.kind = 'Firmware'
                AND r.state IN ('Accepted', 'Downloading', 'Downloaded', 'DownloadPaused', 'Installing',
                    'InstallRebooting', 'SignatureVerified')
                AND r.at > now() - $2::float8 * interval '1 second'
        ) OR EXISTS (
            SELECT FROM commands c WHERE c.charger_id = mine.charger_id
                AND c.action IN ('RemoteStartTransaction', 'RequestStartTransaction')
                AND (c.state = 'SENT' OR c.state = 'ACCEPTED' AND c.completed_at IS NULL)
                AND c.sent_at > now() - $3::float8 * interval '1 second'
        ) THEN 4
        WHEN EXISTS (
            SELECT FROM station_records r WHERE r.charger_id = mine.charger_id AND r.kind IN ('Log', 'Diagnostics')
                AND r.state IN ('Accepted', 'Uploading')
                AND r.at > now() - $2::float8 * interval '1 second'
        ) THEN 3
        WHEN EXISTS (
            SELECT FROM transactions t WHERE t.charger_id = mine.charger_id AND t.state = 'Active'
        ) THEN 2
        WHEN EXISTS (
            SELECT FROM commands c WHERE c.charger_id = mine.charger_id AND c.state = 'QUEUED' AND c.deadline_at > now()
        ) OR EXISTS (
            SELECT FROM commands c WHERE c.charger_id = mine.charger_id AND c.state = 'SENT'
        ) THEN 1
        ELSE 0
    END AS rank
    FROM unnest($1::text[]) AS mine (charger_id)
) AS found WHERE rank > 0

-- name: returned
-- Which of these (charger, epoch) own by a higher epoch now: a newer socket has passed the fence, wherever.
SELECT f.charger_id FROM unnest($1::text[], $2::bigint[]) AS mine (charger_id, epoch)
JOIN charger_connection f ON f.charger_id = mine.charger_id WHERE f.epoch > mine.epoch

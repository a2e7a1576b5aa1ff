-- name: insert
-- A new command and who asked for it, unless its key was used before; the caller compares what came back.
WITH made AS (
    INSERT INTO commands (id, charger_id, action, payload, class, lane, idempotency_key, request_hash, reply_to,
                          created_by, deadline_at, request_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + $11::float8 * interval '1 second', $12)
    ON CONFLICT (created_by, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING *
), noted AS (
    INSERT INTO audit_log (actor, action, subject, detail)
    SELECT created_by, 'command.create', 'command:' || id,
        json_build_object('charger_id', charger_id, 'action', action)
    FROM made
)
SELECT * FROM made

-- name: by_key
SELECT * FROM commands WHERE created_by = $1 AND idempotency_key = $2

-- name: get
SELECT * FROM commands WHERE id = $1

-- name: page
-- The newest first.
SELECT * FROM commands WHERE ($1::text IS NULL OR state = $1) AND seq < $2 ORDER BY seq DESC LIMIT $3

-- name: page_of_charger
SELECT * FROM commands WHERE charger_id = $4 AND ($1::text IS NULL OR state = $1) AND seq < $2
ORDER BY seq DESC LIMIT $3

-- name: cancel
-- Only what was not sent can be cancelled.
UPDATE commands SET state = 'CANCELLED', finished_at = now() WHERE id = $1 AND state = 'QUEUED' RETURNING *

-- name: take
-- The next command of a charger goes from QUEUED to SENT in one durable step, before its frame is written, and only
-- by the owner: the fence's epoch must be the caller's. What the charger's state does not allow ($4, $5) waits.
UPDATE commands SET state = 'SENT', epoch = $2, message_id = $3, sent_at = now(), attempts = attempts + 1
WHERE state = 'QUEUED' AND id = (
    SELECT c.id FROM commands c
    JOIN charger_connection f ON f.charger_id = c.charger_id AND f.epoch = $2
    WHERE c.charger_id = $1 AND c.state = 'QUEUED' AND c.deadline_at > now()
        AND ($4::text[] IS NULL OR c.action = ANY($4))
        AND (NOT $5::boolean OR c.payload ->> 'requestedMessage' = 'BootNotification')
    ORDER BY c.lane, c.seq LIMIT 1
    FOR UPDATE OF c SKIP LOCKED
)
RETURNING id, action, payload, class, attempts, reply_to

-- name: finish
-- The charger's answer, also a late one for a command that was given up.
-- What it answers may have come about already: that stays.
UPDATE commands SET state = CASE WHEN completed_at IS NULL THEN $3 ELSE state END,
    response = $4, error = $5,
    finished_at = CASE WHEN completed_at IS NULL THEN now() ELSE coalesce(finished_at, now()) END
WHERE id = $1 AND message_id = $2
    AND (state IN ('SENT', 'UNKNOWN', 'QUEUED') OR completed_at IS NOT NULL AND response IS NULL AND error IS NULL)
RETURNING id, charger_id, action, state, reply_to

-- name: give_up
-- No answer: what may be repeated is queued again, the rest is UNKNOWN.
UPDATE commands SET state = $3, finished_at = CASE WHEN $3 = 'UNKNOWN' THEN now() END
WHERE id = $1 AND message_id = $2 AND state = 'SENT'
RETURNING id, charger_id, action, state, reply_to

-- name: refuse
-- The charger is known not to stand this command: it was never written.
UPDATE commands SET state = 'REJECTED', error = $3, attempts = attempts - 1, sent_at = NULL, finished_at = now()
WHERE id = $1 AND message_id = $2 AND state = 'SENT'
RETURNING id, charger_id, action, state, reply_to

-- name: give_back
-- The socket was gone before anything was written: as if it had never been taken.
UPDATE commands SET state = 'QUEUED', attempts = attempts - 1, sent_at = NULL, message_id = NULL
WHERE id = $1 AND message_id = $2 AND state = 'SENT'
RETURNING id

-- name: give_up_older
-- A new owner settles what earlier owners left SENT.
UPDATE commands SET
    state = CASE WHEN class = 'R' AND attempts < $3 THEN 'QUEUED' ELSE 'UNKNOWN' END,
    finished_at = CASE WHEN class = 'R' AND attempts < $3 THEN NULL ELSE now() END
FROM unnest($1::text[], $2::bigint[]) AS mine (charger_id, epoch)
WHERE commands.charger_id = mine.charger_id AND state = 'SENT' AND commands.epoch < mine.epoch
RETURNING commands.id, commands.charger_id, action, state, reply_to

-- name: waiting
-- Which of these chargers have commands that may be sent.
SELECT DISTINCT charger_id FROM commands
WHERE charger_id = ANY($1::text[]) AND state = 'QUEUED' AND deadline_at > now()

-- name: expire
UPDATE commands SET state = 'EXPIRED', finished_at = now() WHERE state = 'QUEUED' AND deadline_at <= now()
RETURNING id, charger_id, action, payload, state, reply_to

-- name: give_up_late
-- SENT for longer than anybody waits ($3 are the actions that take $4 seconds longer): its node died, or lost PostgreSQL before it could write the outcome.
UPDATE commands SET
    state = CASE WHEN class = 'R' AND attempts < $2 AND deadline_at > now() THEN 'QUEUED' ELSE 'UNKNOWN' END,
    finished_at = CASE WHEN class = 'R' AND attempts < $2 AND deadline_at > now() THEN NULL ELSE now() END
WHERE state = 'SENT'
    AND sent_at < now() - ($1::float8 + CASE WHEN action = ANY($3::text[]) THEN $4::float8 ELSE 0 END) * interval '1 second'
RETURNING id, charger_id, action, payload, state, reply_to

-- name: overdue
-- Chargers whose commands wait although they are connected: their doorbell was lost.
SELECT DISTINCT c.charger_id FROM commands c
JOIN charger_connection f ON f.charger_id = c.charger_id AND f.disconnected_at IS NULL
WHERE c.state = 'QUEUED' AND c.deadline_at > now() AND c.created_at < now() - $1::float8 * interval '1 second'
LIMIT 1000

-- name: forget_secrets
UPDATE commands SET payload = $2 WHERE id = $1 AND state NOT IN ('QUEUED', 'SENT')

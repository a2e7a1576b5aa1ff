-- name: insert
-- A new command and who asked for it, unless its key was used before (the caller compares what came back) or $14 of its
-- lane wait already. What it replaces is CANCELLED by the same statement: a repeated key makes nothing and so replaces
-- nothing. What was SENT before may have run, and stays.
-- In haste ($16) its commit does not wait for the disk: that of SENT will, before the frame, and takes this one along;
-- who asked is not answered before (`settle_down`).
WITH made AS (
    INSERT INTO commands (id, charger_id, action, payload, class, lane, idempotency_key, request_hash, reply_to,
                          created_by, deadline_at, request_id, supersede_key, traceparent)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + $11::float8 * interval '1 second', $12, $13, $17
    WHERE (SELECT count(*) FROM commands WHERE charger_id = $2 AND lane = $6 AND state = 'QUEUED'
               AND deadline_at > now() AND NOT ($15::boolean AND supersede_key IS NOT DISTINCT FROM $13)) < $14
        AND (NOT $16::boolean OR set_config('synchronous_commit', 'off', true) IS NOT NULL)
    ON CONFLICT (created_by, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING *
), noted AS (
    INSERT INTO audit_log (actor, action, subject, detail)
    SELECT created_by, 'command.create', 'command:' || id,
        json_build_object('charger_id', charger_id, 'action', action)
    FROM made
), replaced AS (
    UPDATE commands c SET state = 'CANCELLED', finished_at = now(), replaced_by = made.id
    FROM made
    WHERE $15::boolean AND c.charger_id = made.charger_id AND c.supersede_key = made.supersede_key
        AND c.state = 'QUEUED' AND c.attempts = 0
    RETURNING c.id, c.action, c.payload, c.reply_to
)
SELECT made.*, (SELECT json_agg(replaced) FROM replaced) AS replaced FROM made

-- name: settle_down
-- A commit that waits for the disk, and takes those before it along.
UPDATE commands SET reply_to = reply_to WHERE id = $1 AND state = 'QUEUED'

-- name: by_key
SELECT * FROM commands WHERE created_by = $1 AND idempotency_key = $2

-- name: get
SELECT * FROM commands WHERE id = $1

-- name: page
-- The newest first.
SELECT * FROM commands WHERE ($1::text IS NULL OR state = $1) AND seq < $2 ORDER BY seq DESC LIMIT $3

-- name: page_unknown
-- The operators' inbox: few among very many.
SELECT * FROM commands WHERE state = 'UNKNOWN' AND seq < $1 ORDER BY seq DESC LIMIT $2

-- name: page_of_charger
SELECT * FROM commands WHERE charger_id = $4 AND ($1::text IS NULL OR state = $1) AND seq < $2
ORDER BY seq DESC LIMIT $3

-- name: cancel
-- Only what was not sent can be cancelled. What was, and waits to be repeated, is not repeated; it may have run.
UPDATE commands SET state = CASE WHEN attempts = 0 THEN 'CANCELLED' ELSE 'UNKNOWN' END, finished_at = now()
WHERE id = $1 AND state = 'QUEUED' RETURNING *

-- name: resolve
-- An operator knows what came of it; that this was said is kept with it and in the audit log.
WITH resolved AS (
    UPDATE commands SET state = $2, completed_at = now(), finished_at = coalesce(finished_at, now()),
        outcome = (coalesce(outcome::jsonb, '{}') || jsonb_build_object('resolution', jsonb_build_object('by', $3::text,
            'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'note', $4::text)))::json
    WHERE id = $1 AND state IN ('UNKNOWN', 'ACCEPTED') RETURNING *
), noted AS (
    INSERT INTO audit_log (actor, action, subject, detail)
    SELECT $3, 'command.resolve', 'command:' || id, json_build_object('state', state, 'note', $4) FROM resolved
)
SELECT * FROM resolved

-- name: take
-- The next command of a charger goes from QUEUED to SENT in one durable step, before its frame is written, and only
-- by the owner: the fence's epoch must be the caller's. What the charger's state does not allow ($4, $5) waits, and all
-- wait for the one that this owner has outstanding.
UPDATE commands SET state = 'SENT', epoch = $2, message_id = $3, sent_at = now(), attempts = attempts + 1,
    earlier_message_ids = CASE WHEN message_id IS NULL THEN earlier_message_ids
        ELSE array_append(earlier_message_ids, message_id) END
WHERE state = 'QUEUED' AND id = (
    SELECT c.id FROM commands c
    JOIN charger_connection f ON f.charger_id = c.charger_id AND f.epoch = $2
    WHERE c.charger_id = $1 AND c.state = 'QUEUED' AND c.deadline_at > now()
        AND ($4::text[] IS NULL OR c.action = ANY($4))
        AND (NOT $5::boolean OR c.payload ->> 'requestedMessage' = 'BootNotification')
        AND NOT EXISTS (SELECT FROM commands o WHERE o.charger_id = $1 AND o.state = 'SENT' AND o.epoch = $2)
    ORDER BY c.lane, c.seq LIMIT 1
    FOR UPDATE OF c SKIP LOCKED
)
RETURNING id, action, payload, class, attempts, reply_to, traceparent,
    EXISTS (SELECT FROM commands o WHERE o.charger_id = $1 AND o.state = 'QUEUED' AND o.id <> commands.id) AS more,
    extract(epoch FROM now() - created_at)::float8 AS waited_s

-- name: finish
-- The charger's answer, also a late one: to an earlier frame of a command that was repeated, or of one given up.
-- What it answers may have come about already, or have been seen to be under way: that stays.
-- `news`: what changes after a command was queued, for who asked for it, so that they need not read the row.
UPDATE commands SET state = CASE WHEN completed_at IS NULL AND state <> 'ACCEPTED' THEN $3 ELSE state END,
    response = $4, error = $5,
    finished_at = CASE WHEN completed_at IS NULL THEN now() ELSE coalesce(finished_at, now()) END,
    outcome = CASE WHEN completed_at IS NULL AND state <> 'ACCEPTED' AND $3 = 'UNKNOWN'
            THEN (coalesce(outcome::jsonb, '{}') || jsonb_build_object('reason', $6::text))::json
        WHEN outcome IS NOT NULL THEN nullif(outcome::jsonb - 'reason', '{}')::json END
WHERE id = $1 AND (message_id = $2 OR $2 = ANY(earlier_message_ids))
    AND (state IN ('SENT', 'UNKNOWN', 'QUEUED')
        OR (completed_at IS NOT NULL OR state = 'ACCEPTED') AND response IS NULL AND error IS NULL)
RETURNING id, charger_id, action, state, reply_to,
    CASE WHEN reply_to IS NOT NULL THEN json_build_object('state', state, 'response', response, 'error', error,
        'outcome', outcome, 'attempts', attempts, 'sent_at', sent_at, 'finished_at', finished_at,
        'completed_at', completed_at)::text END AS news

-- name: of_message
-- Whose answer this is that nobody here waits for: the command of this charger that was sent under this id once.
(SELECT id, action, payload, traceparent FROM commands WHERE charger_id = $1 AND message_id = $2)
UNION ALL
(SELECT id, action, payload, traceparent FROM commands
 WHERE charger_id = $1 AND earlier_message_ids IS NOT NULL AND $2 = ANY(earlier_message_ids))
LIMIT 1

-- name: give_up
-- No answer: what may be repeated is queued again, the rest is UNKNOWN.
UPDATE commands SET state = $3, finished_at = CASE WHEN $3 = 'UNKNOWN' THEN now() END,
    outcome = (coalesce(outcome::jsonb, '{}') || jsonb_build_object('reason', $4::text))::json
WHERE id = $1 AND message_id = $2 AND state = 'SENT'
RETURNING id, charger_id, action, state, reply_to

-- name: refuse
-- The charger is known not to stand this command: it was never written.
UPDATE commands SET state = 'REJECTED', error = $3, attempts = attempts - 1,
    sent_at = CASE WHEN attempts > 1 THEN sent_at END, finished_at = now()
WHERE id = $1 AND message_id = $2 AND state = 'SENT'
RETURNING id, charger_id, action, state, reply_to

-- name: give_back
-- The socket was gone before anything was written: as if it had never been taken.
UPDATE commands SET state = 'QUEUED', attempts = attempts - 1,
    sent_at = CASE WHEN attempts > 1 THEN sent_at END, message_id = NULL
WHERE id = $1 AND message_id = $2 AND state = 'SENT'
RETURNING id

-- name: await_takes
-- A take whose result was lost may still be on its way to its commit: it holds the lock of its row.
SELECT id FROM commands WHERE charger_id = $1 AND state = 'QUEUED' FOR UPDATE

-- name: give_back_lost
-- The result of a take was lost, so nothing was written: as if it had never been.
UPDATE commands SET state = 'QUEUED', attempts = attempts - 1,
    sent_at = CASE WHEN attempts > 1 THEN sent_at END, message_id = NULL
WHERE charger_id = $1 AND message_id = $2 AND state = 'SENT'
RETURNING id

-- name: stumble
-- A fault of ours came before its frame was written: it is tried again, until $4 times; at once FAILED where it would
-- only fail again ($5). Nothing behind it waits for ever.
UPDATE commands SET stumbles = stumbles + 1, attempts = attempts - 1,
    sent_at = CASE WHEN attempts > 1 THEN sent_at END, message_id = NULL,
    state = CASE WHEN $5::boolean OR stumbles + 1 >= $4 THEN 'FAILED' ELSE 'QUEUED' END,
    completed_at = CASE WHEN $5 OR stumbles + 1 >= $4 THEN now() END,
    finished_at = CASE WHEN $5 OR stumbles + 1 >= $4 THEN now() END,
    outcome = CASE WHEN $5 OR stumbles + 1 >= $4
        THEN (coalesce(outcome::jsonb, '{}') || jsonb_build_object('poison', $3::text))::json ELSE outcome END
WHERE charger_id = $1 AND message_id = $2 AND state = 'SENT'
RETURNING id, charger_id, action, state, reply_to

-- name: give_up_older
-- A new owner settles what earlier owners left SENT.
UPDATE commands SET
    state = CASE WHEN class = 'R' AND attempts < $3 THEN 'QUEUED' ELSE 'UNKNOWN' END,
    finished_at = CASE WHEN class = 'R' AND attempts < $3 THEN NULL ELSE now() END,
    outcome = (coalesce(outcome::jsonb, '{}') || jsonb_build_object('reason', $4::text))::json
FROM unnest($1::text[], $2::bigint[]) AS mine (charger_id, epoch)
WHERE commands.charger_id = mine.charger_id AND state = 'SENT' AND commands.epoch < mine.epoch
RETURNING commands.id, commands.charger_id, action, payload, state, reply_to, traceparent

-- name: waiting
-- Which of these chargers have commands that may be sent.
SELECT DISTINCT charger_id FROM commands
WHERE charger_id = ANY($1::text[]) AND state = 'QUEUED' AND deadline_at > now()

-- name: expire
-- What was sent before, and waited to be repeated, may have run.
UPDATE commands SET state = CASE WHEN attempts = 0 THEN 'EXPIRED' ELSE 'UNKNOWN' END, finished_at = now()
WHERE state = 'QUEUED' AND deadline_at <= now()
RETURNING id, charger_id, action, payload, state, reply_to, traceparent

-- name: give_up_late
-- SENT for longer than anybody waits: twice the charger's own patience, or $1, and for the actions of $3 twice the $4
-- seconds that they take longer. Its node died, or lost PostgreSQL before it could write the outcome. What an owner
-- that lives ($5; NULL: nobody knows who does) may still be at is never queued again under its feet: it is UNKNOWN,
-- and what the owner says later counts.
UPDATE commands SET (state, finished_at, outcome) = (
    SELECT CASE WHEN is_again THEN 'QUEUED' ELSE 'UNKNOWN' END, CASE WHEN NOT is_again THEN now() END,
        (coalesce(commands.outcome::jsonb, '{}') || jsonb_build_object('reason', $6::text))::json
    FROM (SELECT commands.class = 'R' AND commands.attempts < $2 AND commands.deadline_at > now() AND NOT EXISTS (
            SELECT FROM charger_connection f
            WHERE f.charger_id = commands.charger_id AND f.disconnected_at IS NULL
                AND commands.epoch BETWEEN coalesce(f.first_epoch, f.epoch) AND f.epoch
                AND ($5::text[] IS NULL OR f.node_uid = ANY($5))
        ) AS is_again) AS judged
)
FROM chargers c
WHERE c.id = commands.charger_id AND state = 'SENT'
    AND sent_at < now() - 2 * (coalesce(c.call_timeout_s, $1::float8)
        + CASE WHEN action = ANY($3::text[]) THEN $4::float8 ELSE 0 END) * interval '1 second'
RETURNING commands.id, charger_id, action, payload, state, reply_to, traceparent

-- name: overdue
-- Chargers whose commands wait although they are connected to a node that lives ($2; NULL: nobody knows which do): their
-- doorbell was lost.
SELECT DISTINCT c.charger_id FROM commands c
JOIN charger_connection f ON f.charger_id = c.charger_id AND f.disconnected_at IS NULL
    AND ($2::text[] IS NULL OR f.node_uid = ANY($2))
WHERE c.state = 'QUEUED' AND c.deadline_at > now() AND c.created_at < now() - $1::float8 * interval '1 second'
LIMIT 1000

-- name: forget_secrets
UPDATE commands SET payload = $2 WHERE id = $1 AND state NOT IN ('QUEUED', 'SENT')

-- name: lock
-- One group at a time for each charger; in one order, so that groups can't deadlock. The number of this transaction is
-- the version (xmin) of the rows that it writes.
SELECT pg_current_xact_id()::xid AS version, count(*) FROM (
    SELECT FROM charger_connection WHERE charger_id = ANY($1::text[]) ORDER BY charger_id FOR NO KEY UPDATE
) AS locked

-- name: repeats
-- What was said before in the same words, with what it was answered (TX-01). Two days back: older repeats are
-- recognised by what they mean (a start's key, a stop's id). The id is compared in a way that no index of the charger's
-- messages serves: in a day's partition that is new they would all look as good, and be read to the end.
SELECT m.charger_id, m.natural_key, m.reply
FROM unnest($1::bytea[], $2::text[]) AS new (natural_key, charger_id)
JOIN ocpp_messages m ON m.natural_key = new.natural_key AND m.charger_id || '' = new.charger_id
WHERE m.received_at > $3::timestamptz - interval '2 days'

-- name: tokens
SELECT lower(id_token) AS key, id_token, status, group_id_token, expires_at, concurrent FROM id_tokens
WHERE lower(id_token) = ANY($1::text[])

-- name: charging
-- Sessions that run by these tokens, or by their groups: a few of other chargers are enough, and all at the charger where
-- the token is shown. One that nothing was heard of for a day has lost its end: it keeps no driver from charging.
SELECT k.key, t.id, t.charger_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (charger_id, key, concurrent, group_id_token)
CROSS JOIN LATERAL (
    SELECT k.key AS token
    UNION
    SELECT lower(g.id_token) FROM id_tokens g
    WHERE k.concurrent = 'refused_in_group' AND lower(g.group_id_token) = lower(k.group_id_token)
) AS counted
CROSS JOIN LATERAL (
    (SELECT id, charger_id FROM transactions
     WHERE lower(id_token) = counted.token AND state = 'Active' AND charger_id <> k.charger_id
         AND updated_at > now() - interval '1 day' LIMIT 3)
    UNION ALL
    (SELECT id, charger_id FROM transactions
     WHERE lower(id_token) = counted.token AND state = 'Active' AND charger_id = k.charger_id
         AND updated_at > now() - interval '1 day')
) AS t

-- name: versions_by_id
-- Sessions by the charger's id, each with the transaction that wrote it last.
SELECT t.id, t.xmin AS version, t.resolution IS NOT NULL AS is_resolved
FROM unnest($1::text[], $2::text[]) AS k (charger_id, ocpp_id)
JOIN transactions t ON t.charger_id = k.charger_id AND t.ocpp_transaction_id = k.ocpp_id

-- name: versions_of_starts
-- Sessions by a 1.6 start, what runs, and what a start may have to do with: stops that wait for one, and what was going
-- on there and then; each with the transaction that wrote it last. Some may come twice.
SELECT t.id, t.xmin AS version, t.resolution IS NOT NULL AS is_resolved
FROM unnest($1::text[], $2::bytea[]) AS k (charger_id, start_key)
JOIN transactions t ON t.charger_id = k.charger_id AND t.start_key = k.start_key
UNION ALL
SELECT t.id, t.xmin, t.resolution IS NOT NULL FROM transactions t
WHERE t.charger_id = ANY($3::text[]) AND t.state = 'Active'
UNION ALL
SELECT t.id, t.xmin, t.resolution IS NOT NULL
FROM unnest($4::text[], $5::int[], $6::timestamptz[]) AS k (charger_id, evse_id, at)
JOIN transactions t ON t.charger_id = k.charger_id AND t.state = 'Orphan' AND t.resolution IS NULL
    AND t.ended_at >= k.at
UNION ALL
SELECT t.id, t.xmin, t.resolution IS NOT NULL
FROM unnest($4::text[], $5::int[], $6::timestamptz[]) AS k (charger_id, evse_id, at)
JOIN transactions t ON t.charger_id = k.charger_id AND t.evse_id = k.evse_id AND t.state = 'Ended'
    AND t.ended_at > k.at AND t.started_at <= k.at

-- name: transactions
SELECT id, charger_id, ocpp_version, ocpp_transaction_id, state, start_key, charging_state, evse_id, connector_id,
    id_token, id_token_type, started_at, ended_at, start_received_at, end_received_at, meter_start_wh, meter_stop_wh,
    register_wh, register_at, energy_wh, energy_before_wh, segment_start_wh, power_w, soc_percent,
    stop_reason, remote_start_id, reservation_id, last_seq_no, stop_id_token, flags
FROM transactions WHERE id = ANY($1::uuid[])

-- name: standings
SELECT id, status, registration_wanted FROM chargers WHERE id = ANY($1::text[])

-- name: commands
-- What was sent to a charger of late, of the actions that its messages may belong to; the latest first. One that is
-- QUEUED was sent, too, and is to be repeated, if it has the time of that.
SELECT c.id, c.charger_id, c.action, c.request_id, c.payload, c.state, c.sent_at, c.epoch, c.outcome, c.reply_to,
    c.response ->> 'status' AS answer
FROM unnest($1::text[], $2::text[]) AS k (charger_id, action)
CROSS JOIN LATERAL (
    SELECT * FROM commands WHERE charger_id = k.charger_id AND action = k.action
        AND (state IN ('SENT', 'ACCEPTED', 'UNKNOWN', 'COMPLETED', 'FAILED') OR state = 'QUEUED' AND sent_at IS NOT NULL)
    ORDER BY seq DESC LIMIT 20
) AS c
ORDER BY c.charger_id, c.seq DESC

-- name: reports
-- A part that was late may belong to a report that seemed complete.
SELECT r.* FROM unnest($1::text[], $2::text[], $3::bigint[]) AS k (charger_id, action, request_id)
JOIN reports r USING (charger_id, action, request_id)
WHERE r.state = 'Receiving' OR r.updated_at > now() - interval '10 minutes'
ORDER BY r.started_at

-- name: records
SELECT r.* FROM unnest($1::text[], $2::text[]) AS k (charger_id, kind) JOIN station_records r USING (charger_id, kind)

-- name: fresh_ids
SELECT nextval('ocpp16_transaction_id')::int AS id FROM generate_series(1, $1)

-- name: put_transactions
INSERT INTO transactions AS t (
    id, charger_id, ocpp_version, ocpp_transaction_id, state, start_key, charging_state, evse_id, connector_id,
    id_token, id_token_type, started_at, ended_at, start_received_at, end_received_at, meter_start_wh, meter_stop_wh,
    register_wh, register_at, energy_wh, energy_before_wh, segment_start_wh, power_w, soc_percent,
    stop_reason, remote_start_id, reservation_id, last_seq_no, stop_id_token, flags,
    updated_at
)
SELECT id, charger_id, ocpp_version, ocpp_transaction_id, state, start_key, charging_state, evse_id, connector_id,
    id_token, id_token_type, started_at, ended_at, start_received_at, end_received_at, meter_start_wh, meter_stop_wh,
    register_wh, register_at, energy_wh, energy_before_wh, segment_start_wh, power_w, soc_percent,
    stop_reason, remote_start_id, reservation_id, last_seq_no, stop_id_token,
    string_to_array(flags, ','), now()
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::int[], $9::int[],
    $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[],
    $16::numeric[], $17::numeric[], $18::numeric[], $19::timestamptz[], $20::numeric[], $21::numeric[], $22::numeric[],
    $23::numeric[], $24::numeric[], $25::text[], $26::int[], $27::int[], $28::int[], $29::text[],
    $30::text[])
    AS new (id, charger_id, ocpp_version, ocpp_transaction_id, state, start_key, charging_state, evse_id, connector_id,
    id_token, id_token_type, started_at, ended_at, start_received_at, end_received_at, meter_start_wh, meter_stop_wh,
    register_wh, register_at, energy_wh, energy_before_wh, segment_start_wh, power_w, soc_percent,
    stop_reason, remote_start_id, reservation_id, last_seq_no, stop_id_token, flags)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, charging_state = excluded.charging_state, evse_id = excluded.evse_id,
    connector_id = excluded.connector_id, id_token = excluded.id_token, id_token_type = excluded.id_token_type,
    started_at = excluded.started_at, ended_at = excluded.ended_at, end_received_at = excluded.end_received_at,
    meter_start_wh = excluded.meter_start_wh, meter_stop_wh = excluded.meter_stop_wh,
    register_wh = excluded.register_wh, register_at = excluded.register_at, energy_wh = excluded.energy_wh,
    energy_before_wh = excluded.energy_before_wh, segment_start_wh = excluded.segment_start_wh,
    power_w = excluded.power_w, soc_percent = excluded.soc_percent, stop_reason = excluded.stop_reason,
    remote_start_id = excluded.remote_start_id, reservation_id = excluded.reservation_id,
    last_seq_no = excluded.last_seq_no, stop_id_token = excluded.stop_id_token, flags = excluded.flags, updated_at = now()

-- name: attach
-- A stop whose start has come, unless an operator has decided about it meanwhile.
UPDATE transactions t SET attached_to = new.transaction_id, resolution = 'attached', updated_at = now()
FROM unnest($1::uuid[], $2::uuid[]) AS new (orphan_id, transaction_id)
WHERE t.id = new.orphan_id AND t.resolution IS NULL

-- name: put_progress
-- What the readings of a running session change, each session in one text; only over the version that was read.
UPDATE transactions t SET
    meter_start_wh = new.fields[2]::numeric, register_wh = new.fields[3]::numeric,
    register_at = new.fields[4]::timestamptz, energy_wh = new.fields[5]::numeric,
    energy_before_wh = new.fields[6]::numeric, segment_start_wh = new.fields[7]::numeric,
    power_w = new.fields[8]::numeric, soc_percent = new.fields[9]::numeric, last_seq_no = new.fields[10]::int,
    flags = string_to_array(new.fields[11], ','), updated_at = now()
FROM (SELECT string_to_array(line, E'\t', 'None') AS fields FROM unnest($1::text[]) AS line) AS new
WHERE t.id = new.fields[1]::uuid AND t.xmin = new.fields[12]::xid

-- name: note_late
-- Readings of sessions that are over change no row: the reconciler has to be told.
INSERT INTO transactions_changed (transaction_id) SELECT id FROM unnest($1::uuid[]) AS id

-- name: put_statuses
-- The last word of the present owner. Its time is not compared: a charger that restarts with a wrong clock is believed.
INSERT INTO connectors AS c
    (charger_id, evse_id, connector_id, status, error_code, info, vendor_error_code, status_at)
SELECT new.charger_id, evse_id, connector_id, status, error_code, info, vendor_error_code, status_at
FROM unnest($1::text[], $2::bigint[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[])
    AS new (charger_id, epoch, evse_id, connector_id, status, error_code, info, vendor_error_code, status_at)
JOIN charger_connection f ON f.charger_id = new.charger_id
    AND new.epoch BETWEEN coalesce(f.first_epoch, f.epoch) AND f.epoch
ON CONFLICT (charger_id, evse_id, connector_id) DO UPDATE SET
    status = excluded.status, error_code = excluded.error_code, info = excluded.info,
    vendor_error_code = excluded.vendor_error_code, status_at = excluded.status_at

-- name: put_boots
UPDATE chargers SET vendor = new.vendor, model = new.model, serial_number = new.serial_number,
    firmware_version = new.firmware_version, boot_reason = new.boot_reason, registration = new.registration,
    booted_at = new.booted_at, updated_at = now(),
    device_model_stale = device_model_stale
        OR (chargers.booted_at IS NOT NULL AND chargers.firmware_version IS DISTINCT FROM new.firmware_version)
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[])
    AS new (charger_id, epoch, vendor, model, serial_number, firmware_version, boot_reason, registration, booted_at)
JOIN charger_connection f ON f.charger_id = new.charger_id
    AND new.epoch BETWEEN coalesce(f.first_epoch, f.epoch) AND f.epoch
WHERE chargers.id = new.charger_id

-- name: put_variables
-- What is not told (NULL) stays as it is known.
INSERT INTO variables AS v (charger_id, component, component_instance, evse_id, connector_id, variable, instance,
    attribute, value, mutability, persistent, constant, characteristics, status, source, at)
SELECT new.charger_id, component, component_instance, evse_id, new.connector_id, variable, instance,
    attribute, value, mutability, persistent, constant, characteristics, status, source, at
FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::int[], $8::int[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bool[], $15::bool[], $16::json[], $17::text[])
    AS new (charger_id, epoch, at, source, component, component_instance, evse_id, connector_id, variable, instance,
    attribute, value, mutability, persistent, constant, characteristics, status)
JOIN charger_connection f ON f.charger_id = new.charger_id
    AND new.epoch BETWEEN coalesce(f.first_epoch, f.epoch) AND f.epoch
ON CONFLICT (charger_id, component, component_instance, evse_id, connector_id, variable, instance, attribute)
DO UPDATE SET
    value = coalesce(excluded.value, v.value), mutability = coalesce(excluded.mutability, v.mutability),
    persistent = coalesce(excluded.persistent, v.persistent), constant = coalesce(excluded.constant, v.constant),
    characteristics = coalesce(excluded.characteristics, v.characteristics),
    status = coalesce(excluded.status, v.status), source = excluded.source, at = excluded.at

-- name: forget_variables
DELETE FROM variables v USING unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS gone (charger_id, epoch, before)
JOIN charger_connection f ON f.charger_id = gone.charger_id
    AND gone.epoch BETWEEN coalesce(f.first_epoch, f.epoch) AND f.epoch
WHERE v.charger_id = gone.charger_id AND v.at < gone.before

-- name: model_is_fresh
UPDATE chargers SET device_model_stale = false FROM unnest($1::text[], $2::bigint[]) AS fresh (charger_id, epoch)
JOIN charger_connection f ON f.charger_id = fresh.charger_id
    AND fresh.epoch BETWEEN coalesce(f.first_epoch, f.epoch) AND f.epoch
WHERE chargers.id = fresh.charger_id AND device_model_stale

-- name: put_records
INSERT INTO station_records AS r (charger_id, kind, key, evse_id, state, content, source, command_id, at)
SELECT new.charger_id, kind, key, evse_id, state, content, source, command_id, at
FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::int[], $7::text[], $8::json[],
    $9::text[], $10::uuid[])
    AS new (charger_id, epoch, at, kind, key, evse_id, state, content, source, command_id)
JOIN charger_connection f ON f.charger_id = new.charger_id
    AND new.epoch BETWEEN coalesce(f.first_epoch, f.epoch) AND f.epoch
ON CONFLICT (charger_id, kind, key) DO UPDATE SET
    evse_id = excluded.evse_id, state = excluded.state, content = excluded.content, source = excluded.source,
    command_id = coalesce(excluded.command_id, r.command_id), at = excluded.at

-- name: forget_records
-- One key each; a NULL key is all of the kind that was told before.
DELETE FROM station_records r
USING unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[])
    AS gone (charger_id, epoch, kind, key, before)
JOIN charger_connection f ON f.charger_id = gone.charger_id
    AND gone.epoch BETWEEN coalesce(f.first_epoch, f.epoch) AND f.epoch
WHERE r.charger_id = gone.charger_id AND r.kind = gone.kind AND (gone.key IS NULL OR r.key = gone.key)
    AND (gone.before IS NULL OR r.at < gone.before)

-- name: put_reports
INSERT INTO reports (id, charger_id, action, request_id, command_id, state, seqs, last_seq, started_at, updated_at)
SELECT id, charger_id, action, request_id, command_id, state, string_to_array(seqs, ',')::int[], last_seq,
    started_at, updated_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::int[],
    $9::timestamptz[], $10::timestamptz[])
    AS new (id, charger_id, action, request_id, command_id, state, seqs, last_seq, started_at, updated_at)
WHERE EXISTS (SELECT FROM chargers WHERE chargers.id = new.charger_id)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, seqs = excluded.seqs, last_seq = excluded.last_seq, updated_at = excluded.updated_at

-- name: put_report_parts
-- The first of two parts of one number stays.
INSERT INTO report_parts (report_id, seq_no, received_at, content)
SELECT report_id, seq_no, received_at, content
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::json[]) AS new (report_id, seq_no, received_at, content)
WHERE EXISTS (SELECT FROM reports WHERE reports.id = new.report_id)
ON CONFLICT DO NOTHING

-- name: put_outcomes
-- What the charger did after its answer, or even before it: its own answer then changes nothing of this. What it has
-- refused meanwhile stays refused; ACCEPTED, for a command that nobody answered, is said of no other. The `reason` why
-- nothing was known of it is over then.
UPDATE commands SET
    state = CASE WHEN new.state = 'ACCEPTED' AND commands.state <> 'UNKNOWN' THEN commands.state
        ELSE coalesce(new.state, commands.state) END,
    outcome = (coalesce(commands.outcome::jsonb, '{}') - CASE WHEN new.state IS NULL THEN '' ELSE 'reason' END
        || new.outcome::jsonb)::json,
    completed_at = CASE WHEN new.state IN ('COMPLETED', 'FAILED') THEN new.at ELSE completed_at END,
    finished_at = CASE WHEN new.state IN ('COMPLETED', 'FAILED') THEN coalesce(finished_at, new.at) ELSE finished_at END
FROM unnest($1::uuid[], $2::text[], $3::json[], $4::timestamptz[]) AS new (id, state, outcome, at)
WHERE commands.id = new.id
    AND (new.state IS NULL OR commands.state IN ('QUEUED', 'SENT', 'ACCEPTED', 'UNKNOWN', 'COMPLETED', 'FAILED'))

-- name: put_signed
INSERT INTO signed_meter_values (transaction_id, digest, received_at, sampled_at, measurand, phase, location, context,
    encoding, signing, public_key, data)
SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
ON CONFLICT (transaction_id, digest) DO NOTHING

-- A fleet that has charged for 90 days, made up by the database itself: $1 chargers, $2 sessions, $3 readings of each.
-- Session N has the id md5('session' || N), so that nothing has to be looked up. Statements take `:name` values.

-- name: sites
INSERT INTO sites (id, name, place, time_zone)
SELECT 'site-' || lpad(n::text, 3, '0'), 'Site ' || n, 'Street ' || n, 'Europe/Berlin' FROM generate_series(0, 199) AS n

-- name: chargers
INSERT INTO chargers (id, description, ocpp_version, registration, vendor, model, serial_number, firmware_version,
    booted_at, site_id)
SELECT 'CP-' || lpad(n::text, 5, '0'), 'Bay ' || n, (ARRAY['1.6', '2.0.1', '2.1'])[1 + n % 3], 'Accepted',
    (ARRAY['Acme', 'Bolt', 'Kilo', 'Ohm & Sons'])[1 + n % 4], 'Model ' || n % 7, 'SN' || n, '1.' || n % 5,
    now() - interval '3 days', CASE WHEN n % 20 > 0 THEN 'site-' || lpad((n / 7 % 200)::text, 3, '0') END
FROM generate_series(0, :chargers::int - 1) AS n

-- name: connections
INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version, connected_at,
    disconnected_at, last_seen_at)
SELECT 'CP-' || lpad(n::text, 5, '0'), 1, gen_random_uuid(), 'bench~1', (ARRAY['1.6', '2.0.1', '2.1'])[1 + n % 3],
    now() - interval '1 day', CASE WHEN n % 33 = 0 THEN now() - interval '1 hour' END, now() + interval '1 day'
FROM generate_series(0, :chargers::int - 1) AS n

-- name: connectors
INSERT INTO connectors (charger_id, evse_id, connector_id, status, error_code, status_at)
SELECT 'CP-' || lpad(n::text, 5, '0'), evse, least(evse, 1),
    CASE WHEN evse > 0 AND n % 97 = 0 THEN 'Faulted' WHEN evse = 1 AND n % 4 = 0 THEN 'Charging' ELSE 'Available' END,
    CASE WHEN n % 97 = 0 THEN (ARRAY['GroundFailure', 'HighTemperature', 'OtherError'])[1 + n % 3] ELSE 'NoError' END,
    now() - n * interval '1 second'
FROM generate_series(0, :chargers::int - 1) AS n, generate_series(0, 2) AS evse

-- name: sessions
-- The newest quarter as many as chargers still runs; one in 500 belongs to nothing, most of which is dealt with.
INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, charging_state, evse_id, connector_id,
    id_token, id_token_type, started_at, ended_at, start_received_at, end_received_at, meter_start_wh, meter_stop_wh,
    register_wh, register_at, energy_wh, segment_start_wh, power_w, stop_reason, flags, resolution)
SELECT md5('session' || n)::uuid, 'CP-' || lpad((n::bigint * 7919 % :chargers::int)::text, 5, '0'), '1.6', n::text, state,
    CASE WHEN state = 'Active' THEN 'Charging' END, 1, 1, 'CARD-' || n % 50000, 'ISO14443', began,
    CASE WHEN state = 'Ended' THEN began + interval '40 minutes' END, began,
    CASE WHEN state = 'Ended' THEN began + interval '40 minutes' END, 1000000, 1010000 + n % 5000, 1010000 + n % 5000,
    began + interval '39 minutes', 10000 + n % 5000, 1000000, CASE WHEN state = 'Active' THEN 11000 ELSE 0 END,
    CASE WHEN state = 'Ended' THEN 'EVDisconnected' END,
    CASE WHEN state = 'Orphan' THEN '{unknown_transaction}' WHEN n % 33 = 0 THEN '{offline}' ELSE '{}' END::text[],
    CASE WHEN state = 'Orphan' AND n % 10000 > 0 THEN 'dismissed' END
FROM (
    SELECT n, now() - (:sessions::int - n) * interval '90 days' / :sessions::int AS began,
        CASE WHEN n > :sessions::int - :chargers::int / 4 THEN 'Active' WHEN n % 500 = 0 THEN 'Orphan' ELSE 'Ended' END AS state
    FROM generate_series(:first::int, :last::int) AS n
) AS s

-- name: readings
-- Two measurands at each moment.
INSERT INTO meter_values (received_at, charger_id, transaction_id, evse_id, connector_id, sampled_at, measurand, location,
    context, unit, value, raw)
SELECT at, 'CP-' || lpad((n::bigint * 7919 % :chargers::int)::text, 5, '0'), md5('session' || n)::uuid, 1, 1, at,
    CASE k % 2 WHEN 0 THEN 'Energy.Active.Import.Register' ELSE 'Power.Active.Import' END, 'Outlet', 'Sample.Periodic',
    CASE k % 2 WHEN 0 THEN 'Wh' ELSE 'W' END, CASE k % 2 WHEN 0 THEN 1000000 + k * 1000 ELSE 11000 + n % 100 END,
    CASE k % 2 WHEN 0 THEN 1000000 + k * 1000 ELSE 11000 + n % 100 END::text
FROM (
    SELECT n, k, now() - (:sessions::int - n) * interval '90 days' / :sessions::int + k / 2 * interval '6 minutes' AS at
    FROM generate_series(:first::int, :last::int) AS n, generate_series(1, :readings::int) AS k
) AS r

-- name: events
INSERT INTO transaction_events (transaction_id, charger_id, kind, event_at, received_at, payload)
SELECT md5('session' || n)::uuid, 'CP-' || lpad((n::bigint * 7919 % :chargers::int)::text, 5, '0'), kind, at, at,
    CASE kind WHEN 'Started'
        THEN '{"connectorId":1,"idTag":"CARD-1","meterStart":1000000,"timestamp":"2026-01-01T00:00:00Z"}'
        ELSE '{"meterStop":1010000,"transactionId":1,"timestamp":"2026-01-01T00:40:00Z","reason":"EVDisconnected"}' END::json
FROM (
    SELECT n, kind, now() - (:sessions::int - n) * interval '90 days' / :sessions::int
        + CASE kind WHEN 'Started' THEN interval '0' ELSE interval '40 minutes' END AS at
    FROM generate_series(:first::int, :last::int) AS n, unnest(ARRAY['Started', 'Ended']) AS kind
) AS e

-- name: frames
INSERT INTO ocpp_messages (received_at, charger_id, direction, message_type, message_id, action, frame, reply, epoch,
    verdict, latency_ms, transaction_id)
SELECT at, 'CP-' || lpad((n::bigint * 7919 % :chargers::int)::text, 5, '0'), 'in', 2, md5(n || action), action,
    '[2,"' || md5(n || action) || '","' || action || '",{"connectorId":1,"timestamp":"2026-01-01T00:00:00Z"}]',
    '[3,"' || md5(n || action) || '",{}]', 1, 'ok', 2.5, md5('session' || n)::uuid
FROM (
    SELECT n, action, now() - (:sessions::int - n) * interval '90 days' / :sessions::int + part * interval '20 minutes' AS at
    FROM generate_series(:first::int, :last::int) AS n,
        unnest(ARRAY['StartTransaction', 'MeterValues', 'StopTransaction']) WITH ORDINALITY AS a (action, part)
) AS m

-- name: accounts
INSERT INTO transaction_accounts (transaction_id, checked_at, of_version, energy_wh, energy_method, by_method,
    difference_wh, flags, tariff_id, tariff, time_zone, cost, total, billing, waits_for, over_at)
SELECT md5('session' || n)::uuid, now() - (:sessions::int - n) * interval '90 days' / :sessions::int, 1, 10000 + n % 5000,
    'registers', '{"registers":"10000","readings":"10004"}', 4,
    CASE WHEN n % 33 = 0 THEN '{offline}' WHEN n % 250 = 0 THEN '{clock,difference}' ELSE '{}' END::text[],
    md5('tariff')::uuid, :tariff::json, 'Europe/Berlin', :cost::json, 5.32,
    CASE WHEN n > :sessions::int - :chargers::int / 4 THEN 'open' WHEN n % 200 = 0 THEN 'held'
        WHEN n % 900 = 0 THEN 'provisional' ELSE 'final' END,
    CASE WHEN n % 200 = 0 THEN '{energy_mismatch}' ELSE '{}' END::text[],
    now() - (:sessions::int - n) * interval '90 days' / :sessions::int + interval '40 minutes'
FROM generate_series(:first::int, :last::int) AS n

-- name: records
INSERT INTO charge_detail_records (id, transaction_id, revision, kind, charger_id, id_token, currency, energy_wh, net,
    tax, total, content, issued_at)
SELECT md5('record' || n)::uuid, md5('session' || n)::uuid, 1, 'charge',
    'CP-' || lpad((n::bigint * 7919 % :chargers::int)::text, 5, '0'), 'CARD-' || n % 50000, 'EUR', 10000 + n % 5000, 4.47,
    0.85, 5.32, json_build_object('tariff', :tariff::json, 'cost', :cost::json, 'session', n),
    now() - (:sessions::int - n) * interval '90 days' / :sessions::int + interval '41 minutes'
FROM generate_series(:first::int, least(:last::int, :sessions::int - :chargers::int / 4)) AS n
WHERE n % 200 > 0 AND n % 900 > 0

-- name: commands
-- One in a hundred in the last hour.
INSERT INTO commands (id, charger_id, action, payload, class, state, request_hash, response, attempts, created_by,
    created_at, deadline_at, sent_at, finished_at, message_id)
SELECT gen_random_uuid(), 'CP-' || lpad((n::bigint * 7919 % :chargers::int)::text, 5, '0'),
    (ARRAY['RemoteStartTransaction', 'UnlockConnector', 'GetConfiguration', 'ChangeConfiguration'])[1 + n % 4],
    '{"connectorId":1}', 'N', CASE WHEN n % 300 = 0 THEN 'UNKNOWN' WHEN n % 20 = 0 THEN 'REJECTED' ELSE 'ACCEPTED' END,
    '\x00', '{"status":"Accepted"}', 1, 'bench', at, at + interval '1 minute', at + interval '2 ms',
    at + interval '2 ms' + (n % 997) * interval '1 ms', md5('command' || n)
FROM (
    SELECT n, CASE WHEN n <= :commands::int * 0.99 THEN now() - (:commands::int - n) * interval '90 days' / :commands::int
        ELSE now() - (:commands::int - n) * interval '59 minutes' / (:commands::int * 0.01) END AS at
    FROM generate_series(1, :commands::int) AS n
) AS c

-- name: alarms
INSERT INTO alarms (id, rule, charger_id, subject, raised_at, cleared_at)
SELECT gen_random_uuid(), (:rules::text[])[1 + n % cardinality(:rules::text[])],
    'CP-' || lpad((n::bigint * 7919 % :chargers::int)::text, 5, '0'), 'subject ' || n,
    now() - (50000 - n) * interval '2 minutes', CASE WHEN n < 49500 THEN now() - (50000 - n) * interval '1 minute' END
FROM generate_series(1, 50000) AS n

-- The first house: chargers, who owns them, what they said, who may charge, what was charged, what was commanded.
-- Facts (messages, events, readings) are inserted by natural key; mutable state is written under the current epoch.

CREATE TABLE chargers (
    id                 text PRIMARY KEY,
    description        text NOT NULL DEFAULT '',
    status             text NOT NULL DEFAULT 'registered' CHECK (status IN ('registered', 'quarantined')),
    secret_hash        bytea,                       -- SHA-256 of a random secret; NULL: connects without one
    ocpp_version       text,                        -- of its latest connection
    registration       text NOT NULL DEFAULT 'none' CHECK (registration IN ('none', 'Accepted', 'Pending', 'Rejected')),
    vendor             text,
    model              text,
    serial_number      text,
    firmware_version   text,
    boot_reason        text,
    booted_at          timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
);
-- Two identities that differ only by case are one mistake waiting to happen (TR-02).
CREATE UNIQUE INDEX chargers_id_without_case ON chargers (lower(id));

-- The fence: the highest epoch owns the charger. Everything mutable about a charger is written under this row's lock.
CREATE TABLE charger_connection (
    charger_id         text PRIMARY KEY REFERENCES chargers ON DELETE CASCADE,
    epoch              bigint NOT NULL,
    connection_id      uuid NOT NULL,
    node_uid           text NOT NULL,
    ocpp_version       text NOT NULL,
    remote_address     text,
    connected_at       timestamptz NOT NULL DEFAULT now(),
    disconnected_at    timestamptz,
    last_seen_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX charger_connection_live ON charger_connection (node_uid) WHERE disconnected_at IS NULL;

-- OCPP 1.6 connector N is EVSE N, connector 1; EVSE 0 connector 0 is the station as a whole.
CREATE TABLE connectors (
    charger_id         text NOT NULL REFERENCES chargers ON DELETE CASCADE,
    evse_id            integer NOT NULL,
    connector_id       integer NOT NULL,
    status             text NOT NULL,
    error_code         text,
    info               text,
    vendor_error_code  text,
    status_at          timestamptz NOT NULL,
    PRIMARY KEY (charger_id, evse_id, connector_id)
) WITH (fillfactor = 80);
CREATE INDEX connectors_faulted ON connectors (charger_id) WHERE status = 'Faulted';

CREATE TABLE id_tokens (
    id_token           text NOT NULL,
    type               text NOT NULL DEFAULT 'ISO14443',
    status             text NOT NULL DEFAULT 'Accepted' CHECK (status IN ('Accepted', 'Blocked', 'Expired', 'Invalid')),
    group_id_token     text,
    expires_at         timestamptz,
    description        text NOT NULL DEFAULT '',
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id_token)
);
-- Tokens are compared without case (OCPP's identifierString / CiString).
CREATE UNIQUE INDEX id_tokens_without_case ON id_tokens (lower(id_token));

-- OCPP 1.6 ids: positive int32, one sequence per installation, never reused (TX-03).
CREATE SEQUENCE ocpp16_transaction_id AS integer MINVALUE 1 START 1 NO CYCLE;

CREATE TABLE transactions (
    id                 uuid PRIMARY KEY,
    charger_id         text NOT NULL,               -- no reference: what was charged outlives its charger
    ocpp_version       text NOT NULL,
    ocpp_transaction_id text NOT NULL,
    start_key          bytea,                       -- 1.6: digest of connector, idTag, timestamp, meterStart (TX-02)
    state              text NOT NULL CHECK (state IN ('Active', 'Ended', 'Orphan')),
    charging_state     text,
    evse_id            integer,
    connector_id       integer,
    id_token           text,
    id_token_type      text,
    started_at         timestamptz,
    ended_at           timestamptz,
    start_received_at  timestamptz NOT NULL,        -- when the first message of it came
    end_received_at    timestamptz,
    meter_start_wh     numeric,
    meter_stop_wh      numeric,
    register_wh        numeric,                     -- the latest reading of the import register
    register_at        timestamptz,
    energy_wh          numeric,
    energy_before_wh   numeric NOT NULL DEFAULT 0,  -- counted before the register fell (a reset, a rollover)
    segment_start_wh   numeric,                     -- and where it goes on from
    power_w            numeric,
    soc_percent        numeric,
    stop_reason        text,
    remote_start_id    integer,
    reservation_id     integer,
    last_seq_no        integer,
    flags              text[] NOT NULL DEFAULT '{}',
    updated_at         timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX transactions_by_ocpp_id ON transactions (charger_id, ocpp_transaction_id);
CREATE UNIQUE INDEX transactions_start_key ON transactions (charger_id, start_key) WHERE start_key IS NOT NULL;
CREATE INDEX transactions_active ON transactions (charger_id) WHERE state = 'Active';
CREATE INDEX transactions_newest ON transactions (start_received_at DESC, id DESC);

-- What a charger said of a transaction, append-only, whatever the epoch of the socket it came by.
CREATE TABLE transaction_events (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id     uuid NOT NULL REFERENCES transactions ON DELETE CASCADE,
    charger_id         text NOT NULL,
    kind               text NOT NULL,               -- Started, Updated, Ended, MeterValues
    seq_no             integer,
    event_at           timestamptz NOT NULL,
    received_at        timestamptz NOT NULL,
    trigger_reason     text,
    offline            boolean NOT NULL DEFAULT false,
    payload            json NOT NULL
);
CREATE INDEX transaction_events_in_order ON transaction_events (transaction_id, id);

-- Daily partitions are made ahead and dropped by the worker.
CREATE TABLE meter_values (
    received_at        timestamptz NOT NULL,
    charger_id         text NOT NULL,
    transaction_id     uuid,
    evse_id            integer,
    connector_id       integer,
    sampled_at         timestamptz NOT NULL,
    measurand          text NOT NULL,
    phase              text,
    location           text,
    context            text,
    unit               text NOT NULL,
    value              numeric,                     -- canonical: Wh, W, A, V, Percent ...; NULL when it can't be read
    raw                text NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX meter_values_received ON meter_values USING brin (received_at);
CREATE INDEX meter_values_of_transaction ON meter_values (transaction_id, sampled_at) WHERE transaction_id IS NOT NULL;

-- Every frame, both ways. `reply` is our answer to an inbound CALL, committed with it, and what a retransmission gets (TX-01).
CREATE TABLE ocpp_messages (
    received_at        timestamptz NOT NULL,
    id                 bigint GENERATED ALWAYS AS IDENTITY,
    charger_id         text NOT NULL,
    direction          text NOT NULL CHECK (direction IN ('in', 'out')),
    message_type       smallint,
    message_id         text,
    action             text,
    frame              text NOT NULL,
    reply              text,
    natural_key        bytea,                       -- digest of what the message says; NULL where a repeat is harmless
    epoch              bigint NOT NULL,
    flags              text[] NOT NULL DEFAULT '{}'
) PARTITION BY RANGE (received_at);
CREATE INDEX ocpp_messages_received ON ocpp_messages USING brin (received_at);
CREATE INDEX ocpp_messages_of_charger ON ocpp_messages (charger_id, id);
CREATE INDEX ocpp_messages_natural_key ON ocpp_messages (natural_key, charger_id) WHERE natural_key IS NOT NULL;

-- A remote command; the row is the truth, and the queue (docs/adr/0001).
CREATE TABLE commands (
    id                 uuid PRIMARY KEY,
    seq                bigint GENERATED ALWAYS AS IDENTITY,
    charger_id         text NOT NULL REFERENCES chargers ON DELETE CASCADE,
    action             text NOT NULL,
    payload            json NOT NULL,
    class              text NOT NULL CHECK (class IN ('R', 'N')),
    lane               smallint NOT NULL DEFAULT 1, -- 0 overtakes what is queued: stop, unlock
    state              text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'SENT', 'ACCEPTED', 'REJECTED', 'CALLERROR',
                           'UNKNOWN', 'EXPIRED', 'CANCELLED', 'COMPLETED', 'FAILED')),
    idempotency_key    text,
    request_hash       bytea NOT NULL,              -- a repeated key must carry the same request
    response           json,
    error              json,
    attempts           integer NOT NULL DEFAULT 0,
    epoch              bigint,
    message_id         text,
    reply_to           text,                        -- the API replica that may be waiting
    created_by         text NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    deadline_at        timestamptz NOT NULL,
    sent_at            timestamptz,
    finished_at        timestamptz
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX commands_idempotency_key ON commands (created_by, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX commands_queue ON commands (charger_id, lane, seq) WHERE state = 'QUEUED';
CREATE INDEX commands_outstanding ON commands (charger_id) WHERE state = 'SENT';
CREATE INDEX commands_newest ON commands (seq DESC);
CREATE INDEX commands_of_charger ON commands (charger_id, seq DESC);

CREATE TABLE api_keys (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name               text NOT NULL UNIQUE,
    role               text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    key_hash           bytea NOT NULL UNIQUE,       -- SHA-256 of a random key
    created_at         timestamptz NOT NULL DEFAULT now(),
    expires_at         timestamptz
);

-- Who changed what through the API.
CREATE TABLE audit_log (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at                 timestamptz NOT NULL DEFAULT now(),
    actor              text NOT NULL,
    action             text NOT NULL,
    subject            text NOT NULL,
    detail             json
);

-- Partitions by day: table names can't be bound as values, so the statements are made here.
-- What came on a day before its partition was there lies in the default one, and moves.
CREATE FUNCTION make_day_partition(parent text, name text, day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz := day::timestamp AT TIME ZONE 'UTC';
    next timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
    spare text := parent || '_default';
BEGIN
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', spare);
    EXECUTE format('CREATE TEMP TABLE moving ON COMMIT DROP AS SELECT * FROM %I WHERE received_at >= %L AND received_at < %L',
        spare, first, next);
    EXECUTE format('DELETE FROM %I WHERE received_at >= %L AND received_at < %L', spare, first, next);
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name, parent, first, next);
    EXECUTE format('INSERT INTO %I OVERRIDING SYSTEM VALUE SELECT * FROM moving', parent);
    DROP TABLE moving;
END $$;

CREATE FUNCTION drop_day_partition(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS %I', name);
END $$;

-- A net: what comes on a day without a partition (the worker was away for a week) is kept all the same.
CREATE TABLE ocpp_messages_default PARTITION OF ocpp_messages DEFAULT;
CREATE TABLE meter_values_default PARTITION OF meter_values DEFAULT;

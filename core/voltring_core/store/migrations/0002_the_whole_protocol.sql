-- Everything a charger may say beside its sessions, and what operators want of it beyond them (docs/adr/0003).
-- What happened is appended (station_events), what holds is kept by its key (station_records, variables), what comes
-- in parts is assembled (reports). Content stays in the charger's own words; what is searched for has a column.

ALTER TABLE chargers
    ADD COLUMN next_secret_hash bytea,                  -- of a password it was sent and has not used yet (SE-04)
    ADD COLUMN registration_wanted text NOT NULL DEFAULT 'Accepted'
        CHECK (registration_wanted IN ('Accepted', 'Pending', 'Rejected')),  -- what its next Boot is answered with
    ADD COLUMN quirks json NOT NULL DEFAULT '{}',        -- an operator's override: rule -> argument, false switches off
    ADD COLUMN ping_interval_s real CHECK (ping_interval_s > 0),             -- NULL: as the node has it
    ADD COLUMN silence_limit_s real CHECK (silence_limit_s > 0),
    ADD COLUMN call_timeout_s real CHECK (call_timeout_s > 0),
    ADD COLUMN device_model_stale boolean NOT NULL DEFAULT false;            -- another version, another firmware (TR-08)

ALTER TABLE charger_connection
    ADD COLUMN online_limit_s real NOT NULL DEFAULT 600, -- silent for longer, it is not online (TR-29)
    ADD COLUMN swaps smallint NOT NULL DEFAULT 0,        -- takeovers of a live socket since `swaps_since` (TR-30)
    ADD COLUMN swaps_since timestamptz;

-- The device model of 2.x, and the configuration of 1.6 (component '' and the key as variable).
CREATE TABLE variables (
    charger_id         text NOT NULL REFERENCES chargers ON DELETE CASCADE,
    component          text NOT NULL,
    component_instance text NOT NULL DEFAULT '',
    evse_id            integer NOT NULL DEFAULT 0,       -- 0: of the station
    connector_id       integer NOT NULL DEFAULT 0,
    variable           text NOT NULL,
    instance           text NOT NULL DEFAULT '',
    attribute          text NOT NULL DEFAULT 'Actual',
    value              text,                             -- NULL: not told, or never to be read
    mutability         text,
    persistent         boolean,
    constant           boolean,
    characteristics    json,                             -- unit, dataType, minLimit, maxLimit, valuesList ...
    status             text,                             -- of the last change: Accepted, RebootRequired ...
    source             text NOT NULL,                    -- the action that told
    at                 timestamptz NOT NULL,
    PRIMARY KEY (charger_id, component, component_instance, evse_id, connector_id, variable, instance, attribute)
) WITH (fillfactor = 80);

-- What came in parts: NotifyReport, NotifyMonitoringReport, ReportChargingProfiles ...
CREATE TABLE reports (
    id                 uuid PRIMARY KEY,
    charger_id         text NOT NULL REFERENCES chargers ON DELETE CASCADE,
    action             text NOT NULL,
    request_id         bigint NOT NULL,
    command_id         uuid,                             -- the request that it answers; NULL: nobody here asked
    state              text NOT NULL CHECK (state IN ('Receiving', 'Complete', 'Incomplete')),
    seqs               integer[] NOT NULL,               -- the numbers of the parts that came
    last_seq           integer,                          -- the number of the part that said it was the last
    started_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX reports_of_charger ON reports (charger_id, started_at DESC);
CREATE INDEX reports_receiving ON reports (charger_id, action, request_id) WHERE state = 'Receiving';
CREATE TABLE report_parts (
    report_id          uuid NOT NULL REFERENCES reports ON DELETE CASCADE,
    seq_no             integer NOT NULL,
    received_at        timestamptz NOT NULL,
    content            json NOT NULL,
    PRIMARY KEY (report_id, seq_no)
);

-- What happened at a charger, append-only, whatever the epoch of the socket it came by. Daily partitions.
CREATE TABLE station_events (
    received_at        timestamptz NOT NULL,
    id                 bigint GENERATED ALWAYS AS IDENTITY,
    charger_id         text NOT NULL,
    kind               text NOT NULL,
    at                 timestamptz NOT NULL,
    severity           smallint,                         -- OCPP's 0 (danger) to 9 (debug); NULL: it has none
    subject            text NOT NULL DEFAULT '',         -- what it is about, in a word: a security event's type ...
    evse_id            integer,
    connector_id       integer,
    ocpp_transaction_id text,
    command_id         uuid,
    content            json NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX station_events_received ON station_events USING brin (received_at);
CREATE INDEX station_events_of_charger ON station_events (charger_id, id);
CREATE INDEX station_events_newest ON station_events (id);
CREATE INDEX station_events_severe ON station_events (id) WHERE severity <= 3;
CREATE TABLE station_events_default PARTITION OF station_events DEFAULT;

-- What holds at a charger now, by its kind and key: profiles, limits, reservations, certificates, messages ...
CREATE TABLE station_records (
    charger_id         text NOT NULL REFERENCES chargers ON DELETE CASCADE,
    kind               text NOT NULL,
    key                text NOT NULL,
    evse_id            integer,
    state              text,
    content            json NOT NULL,
    source             text NOT NULL,                    -- the action that told
    command_id         uuid,
    at                 timestamptz NOT NULL,
    PRIMARY KEY (charger_id, kind, key)
) WITH (fillfactor = 80);

-- Values of 2.1's periodic event streams. Daily partitions.
CREATE TABLE stream_values (
    received_at        timestamptz NOT NULL,
    charger_id         text NOT NULL,
    stream_id          integer NOT NULL,
    at                 timestamptz NOT NULL,
    value              text NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX stream_values_received ON stream_values USING brin (received_at);
CREATE INDEX stream_values_of_stream ON stream_values (charger_id, stream_id, at);
CREATE TABLE stream_values_default PARTITION OF stream_values DEFAULT;

-- A request that something later answers is joined to it by its number.
CREATE SEQUENCE request_id AS integer MINVALUE 1 CYCLE;
ALTER TABLE commands
    ADD COLUMN request_id bigint,
    ADD COLUMN outcome json,                             -- what came of it after the charger's answer
    ADD COLUMN completed_at timestamptz;
CREATE INDEX commands_of_action ON commands (charger_id, action, seq DESC);

-- The message log: what became of each frame.
ALTER TABLE ocpp_messages
    ADD COLUMN verdict text,                             -- ok, repaired, repeat, refused, malformed, stray, fault
    ADD COLUMN error_code text,                          -- of a CALLERROR, ours or the charger's
    ADD COLUMN latency_ms real,                          -- until our answer was decided; until the charger answered
    ADD COLUMN transaction_id uuid;
CREATE INDEX ocpp_messages_of_transaction ON ocpp_messages (transaction_id, id) WHERE transaction_id IS NOT NULL;
CREATE INDEX ocpp_messages_errors ON ocpp_messages (charger_id, id) WHERE error_code IS NOT NULL;
-- The charger's answers, by what they answer.
CREATE INDEX ocpp_messages_answers ON ocpp_messages (charger_id, message_id)
    WHERE direction = 'in' AND message_type IN (3, 4);

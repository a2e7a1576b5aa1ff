-- Sites, tariffs, the books that are kept on each session, charge detail records, alarms.

CREATE TABLE sites (
    id                 text PRIMARY KEY,            -- a short name, as it stands in a path
    name               text NOT NULL,
    place              text,                        -- an address, in the words of whoever runs it
    latitude           double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude          double precision CHECK (longitude BETWEEN -180 AND 180),
    time_zone          text NOT NULL DEFAULT 'UTC', -- IANA; prices by the time of day go by it
    created_at         timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE chargers
    ADD COLUMN site_id text REFERENCES sites ON DELETE SET NULL,
    ADD COLUMN time_zone text;                      -- of its times without a zone (TX-23); NULL: UTC
CREATE INDEX chargers_of_site ON chargers (site_id) WHERE site_id IS NOT NULL;

-- A tariff never changes: a new price is a new tariff. What a session costs goes by the one in force at its start.
CREATE TABLE tariffs (
    id                 uuid PRIMARY KEY,
    name               text NOT NULL,
    currency           text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    valid_from         timestamptz NOT NULL,
    valid_until        timestamptz CHECK (valid_until > valid_from),
    content            json NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    created_by         text NOT NULL
);
CREATE INDEX tariffs_newest ON tariffs (created_at DESC, id DESC);

-- Whom a tariff is for: one charger, one site, one group of tokens, or (all NULL) everybody.
CREATE TABLE tariff_assignments (
    id                 uuid PRIMARY KEY,
    tariff_id          uuid NOT NULL REFERENCES tariffs ON DELETE CASCADE,
    charger_id         text REFERENCES chargers ON DELETE CASCADE,
    site_id            text REFERENCES sites ON DELETE CASCADE,
    token_group        text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    created_by         text NOT NULL,
    CHECK (num_nonnulls(charger_id, site_id, token_group) <= 1),
    UNIQUE NULLS NOT DISTINCT (tariff_id, charger_id, site_id, token_group)
);
CREATE INDEX tariff_assignments_of_charger ON tariff_assignments (charger_id) WHERE charger_id IS NOT NULL;
CREATE INDEX tariff_assignments_of_site ON tariff_assignments (site_id) WHERE site_id IS NOT NULL;
CREATE INDEX tariff_assignments_of_group ON tariff_assignments (lower(token_group)) WHERE token_group IS NOT NULL;
CREATE INDEX tariff_assignments_of_everybody ON tariff_assignments (tariff_id)
    WHERE num_nonnulls(token_group, charger_id, site_id) = 0;

-- What the worker makes of a session's evidence. Nodes never write here, so that a reading costs them nothing more.
CREATE TABLE transaction_accounts (
    transaction_id     uuid PRIMARY KEY REFERENCES transactions ON DELETE CASCADE,
    checked_at         timestamptz NOT NULL,
    of_version         bigint NOT NULL,             -- xmin of the session's row that was checked
    energy_wh          numeric,                     -- by the best evidence
    energy_method      text,                        -- how: registers, readings, intervals, power
    by_method          json NOT NULL DEFAULT '{}',  -- Wh by each method that the evidence allows
    difference_wh      numeric,                     -- the largest between two of them
    flags              text[] NOT NULL DEFAULT '{}',-- found by the check; gone when they no longer hold
    missing_seq_nos    json NOT NULL DEFAULT '[]',  -- 2.x: [first, last] of each gap
    clock_skew_s       double precision,            -- the charger's clock less ours, of live messages
    tariff_id          uuid,                        -- frozen at the start ...
    tariff             json,                        -- ... with its words
    time_zone          text,
    cost               json,                        -- running or final: lines and totals
    billing            text NOT NULL DEFAULT 'open'
                           CHECK (billing IN ('open', 'provisional', 'held', 'final', 'void')),
    released_by        text,                        -- who let a held one be billed, or made it void
    released_at        timestamptz,
    note               text
);

-- Issued once and never changed; what was wrong is taken back by a credit, and charged anew.
CREATE TABLE charge_detail_records (
    id                 uuid PRIMARY KEY,
    number             bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    transaction_id     uuid NOT NULL,               -- no reference: a bill outlives what it is for
    revision           integer NOT NULL,
    kind               text NOT NULL CHECK (kind IN ('charge', 'credit')),
    corrects           uuid REFERENCES charge_detail_records,
    charger_id         text NOT NULL,
    id_token           text,
    currency           text NOT NULL,
    energy_wh          numeric NOT NULL,
    net                numeric NOT NULL,
    tax                numeric NOT NULL,
    total              numeric NOT NULL,
    content            json NOT NULL,               -- the whole record: session, evidence, tariff, lines
    issued_at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (transaction_id, revision),              -- nothing is billed twice, whatever is replayed
    CHECK ((kind = 'credit') = (corrects IS NOT NULL))
);
CREATE UNIQUE INDEX charge_detail_records_corrected_once ON charge_detail_records (corrects) WHERE corrects IS NOT NULL;
CREATE INDEX charge_detail_records_newest ON charge_detail_records (issued_at DESC, number DESC);
CREATE INDEX charge_detail_records_of_charger ON charge_detail_records (charger_id, issued_at DESC, number DESC);
CREATE INDEX charge_detail_records_of_token ON charge_detail_records (lower(id_token), issued_at DESC, number DESC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: a record that was issued stays', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER charge_detail_records_stay BEFORE UPDATE OR DELETE ON charge_detail_records
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER charge_detail_records_all_stay BEFORE TRUNCATE ON charge_detail_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a watchdog has seen; open until it no longer holds.
CREATE TABLE alarms (
    id                 uuid PRIMARY KEY,
    rule               text NOT NULL,
    charger_id         text NOT NULL REFERENCES chargers ON DELETE CASCADE,
    transaction_id     uuid,
    evse_id            integer,
    subject            text NOT NULL,               -- what it is about: one alarm of a rule is open for each
    detail             json NOT NULL DEFAULT '{}',
    raised_at          timestamptz NOT NULL DEFAULT now(),
    cleared_at         timestamptz
);
CREATE UNIQUE INDEX alarms_open ON alarms (rule, subject) WHERE cleared_at IS NULL;
CREATE INDEX alarms_newest ON alarms (raised_at DESC, id DESC);
CREATE INDEX alarms_of_charger ON alarms (charger_id, raised_at DESC);

-- A session: what an operator did with one that nobody could assign, and a phantom's or a stuck one's end.
ALTER TABLE transactions
    ADD COLUMN resolution text CHECK (resolution IN ('attached', 'dismissed')),
    ADD COLUMN attached_to uuid REFERENCES transactions ON DELETE SET NULL;
-- What nobody could assign yet: few among all. Its words stand as the inbox asks for them.
CREATE INDEX transactions_unresolved ON transactions (start_received_at DESC, id DESC)
    WHERE resolution IS NULL AND (state = 'Orphan' OR flags && '{start_lost,unknown_transaction}');

-- What the fleet is counted by: answers of the last hour, by a summary that costs a command next to nothing.
CREATE INDEX commands_finished ON commands USING brin (finished_at) WITH (pages_per_range = 32, autosummarize = on);
-- Sessions in a state that few are in, deep in their list: among a million others they lie far apart.
CREATE INDEX transactions_not_ended ON transactions (state, start_received_at DESC, id DESC) WHERE state <> 'Ended';

-- Billing: what a session waits for, what a person decided, and what the driver was told.
ALTER TABLE transaction_accounts
    ADD COLUMN waits_for text[] NOT NULL DEFAULT '{}',   -- why it is held, provisional or void
    ADD COLUMN ruling text CHECK (ruling IN ('released', 'voided')),
    ADD COLUMN in_spite_of text[] NOT NULL DEFAULT '{}', -- the reasons that were looked at when it was released
    ADD COLUMN total numeric,                            -- of `cost`
    ADD COLUMN told_total numeric,                       -- the cost that the charger was last asked to show
    ADD COLUMN told_at timestamptz,
    ADD COLUMN over_at timestamptz NOT NULL DEFAULT now(); -- when its end was heard: bills that wait are listed by it
-- As they are listed and counted: each row lies on a page of its own.
CREATE INDEX transaction_accounts_held ON transaction_accounts (over_at DESC, transaction_id DESC) INCLUDE (billing)
    WHERE billing IN ('provisional', 'held');
-- Not by checked_at: an index of what each check changes would make all indexes be written at each check.
CREATE INDEX transaction_accounts_flagged ON transaction_accounts (over_at) INCLUDE (transaction_id, flags, billing)
    WHERE flags <> '{}';
ALTER TABLE chargers
    ADD COLUMN cost_display json;                        -- how it shows what a session costs; NULL: as its device model says
-- Chargers that say they show costs: few rows among very many.
CREATE INDEX variables_cost_shown ON variables (charger_id) WHERE lower(component) = 'tariffcostctrlr'
    AND lower(variable) = 'available' AND lower(instance) = 'cost' AND attribute = 'Actual' AND lower(value) = 'true';

-- Tokens: whether one may charge at two places at once (NULL: as the installation has it), who stopped a session, and
-- the signed readings of sessions, byte for byte as they came.
ALTER TABLE id_tokens
    ADD COLUMN concurrent text CHECK (concurrent IN ('allowed', 'refused', 'refused_in_group'));
CREATE INDEX id_tokens_of_group ON id_tokens (lower(group_id_token)) WHERE group_id_token IS NOT NULL;
CREATE INDEX transactions_active_of_token ON transactions (lower(id_token)) WHERE state = 'Active';
ALTER TABLE transactions ADD COLUMN stop_id_token text;
CREATE TABLE signed_meter_values (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id     uuid NOT NULL REFERENCES transactions ON DELETE CASCADE,
    digest             bytea NOT NULL,              -- of all that it says: said again, it is the same one
    received_at        timestamptz NOT NULL,
    sampled_at         timestamptz NOT NULL,
    measurand          text NOT NULL,
    phase              text,
    location           text,
    context            text,
    encoding           text,                        -- as the charger names it, or as it is recognised
    signing            text,
    public_key         text,
    data               text NOT NULL,
    UNIQUE (transaction_id, digest)
);

-- What the watchdogs look at: a charger's newest sessions, remote starts that were accepted, what was asked of a
-- session, sessions with gaps.
CREATE INDEX transactions_of_charger ON transactions (charger_id, start_received_at DESC, id DESC);
CREATE INDEX commands_accepted_starts ON commands (sent_at)
    WHERE state = 'ACCEPTED' AND action IN ('RemoteStartTransaction', 'RequestStartTransaction');
CREATE INDEX commands_of_session ON commands (charger_id, (payload ->> 'transactionId'), seq DESC)
    WHERE action IN ('RemoteStopTransaction', 'RequestStopTransaction', 'GetTransactionStatus');
CREATE INDEX transaction_accounts_with_gaps ON transaction_accounts (transaction_id) WHERE missing_seq_nos::text <> '[]';
-- Without it the planner takes nearly all sessions to have gaps, and reads them all.
CREATE STATISTICS transaction_accounts_gaps ON (missing_seq_nos::text) FROM transaction_accounts;

-- What a start is compared with: stops that wait for one, and the sessions that its EVSE had then.
CREATE INDEX transactions_orphans_of_charger ON transactions (charger_id, ended_at)
    WHERE state = 'Orphan' AND resolution IS NULL;
CREATE INDEX transactions_over ON transactions (charger_id, evse_id, ended_at) WHERE state = 'Ended';
CREATE INDEX transactions_attached ON transactions (attached_to) WHERE attached_to IS NOT NULL;

-- A session's timeline asks who decided what about it.
CREATE INDEX audit_log_of_subject ON audit_log (subject, id);

-- What the reconciler has to look at, told by whoever writes: a session that is not running (those that run are few
-- enough to be looked through), or an account that somebody else has touched (of_version 0). Rows are only ever added
-- and, when they were looked at, deleted: nobody waits for anybody here.
CREATE TABLE transactions_changed (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id     uuid NOT NULL,
    due_at             timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX transactions_changed_due ON transactions_changed (due_at);
CREATE FUNCTION note_changed_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO transactions_changed (transaction_id) VALUES (NEW.id);
    IF NEW.attached_to IS NOT NULL THEN
        INSERT INTO transactions_changed (transaction_id) VALUES (NEW.attached_to);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER transactions_noted AFTER INSERT OR UPDATE ON transactions
    FOR EACH ROW WHEN (NEW.state <> 'Active') EXECUTE FUNCTION note_changed_transaction();
CREATE FUNCTION note_touched_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO transactions_changed (transaction_id) VALUES (NEW.transaction_id);
    RETURN NULL;
END $$;
CREATE TRIGGER transaction_accounts_noted AFTER UPDATE ON transaction_accounts
    FOR EACH ROW WHEN (NEW.of_version = 0) EXECUTE FUNCTION note_touched_account();
-- What is there already, the newest first, at a pace that leaves the worker time for what happens now.
INSERT INTO transactions_changed (transaction_id, due_at)
SELECT id, now() + row_number() OVER (ORDER BY start_received_at DESC) * interval '20 milliseconds'
FROM transactions WHERE state <> 'Active';
ALTER TABLE transaction_accounts ADD COLUMN exported_wh numeric; -- what the car gave back (V2X); no part of energy_wh
ALTER TABLE transaction_accounts SET (fillfactor = 70);

-- One owner, one execution: takeovers are throttled, commands replace each other, what became of them is looked for.

ALTER TABLE charger_connection
    ADD COLUMN swapped_at timestamptz,                   -- when an open socket was taken over last (TR-30)
    ADD COLUMN first_epoch bigint;                       -- where its socket took the charger back: since when it owns

ALTER TABLE commands
    ADD COLUMN supersede_key text,                       -- a newer command of the same key replaces it while it is QUEUED (TR-25)
    ADD COLUMN replaced_by uuid,                         -- the command that did
    ADD COLUMN earlier_message_ids text[],               -- of frames that it was sent as before `message_id`
    ADD COLUMN stumbles smallint NOT NULL DEFAULT 0;     -- times that a fault of ours kept it from being written
CREATE INDEX commands_superseding ON commands (charger_id, supersede_key)
    WHERE state = 'QUEUED' AND supersede_key IS NOT NULL;
-- A late answer names its message only, perhaps on another socket, at another node.
CREATE INDEX commands_of_message ON commands (charger_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX commands_repeated ON commands (charger_id) WHERE earlier_message_ids IS NOT NULL;
CREATE INDEX commands_unknown ON commands (seq DESC) WHERE state = 'UNKNOWN';
-- The numbers that a charger's open commands go by: few among all that it was ever sent.
CREATE INDEX commands_open_ids ON commands (charger_id)
    WHERE request_id IS NOT NULL AND state IN ('QUEUED', 'SENT', 'ACCEPTED', 'UNKNOWN');

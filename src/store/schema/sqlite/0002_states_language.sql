-- The whole States Language and the Step Functions API: machines, activities, variables, Maps.

-- A plan is a state machine, a plan version one of its revisions.
ALTER TABLE plans ADD COLUMN type TEXT NOT NULL DEFAULT 'STANDARD';       -- or EXPRESS
ALTER TABLE plans ADD COLUMN deleted_at INTEGER;                          -- DELETING until its last execution ends
ALTER TABLE plans ADD COLUMN last_publication INTEGER NOT NULL DEFAULT 0; -- numbers are given once
ALTER TABLE plan_versions ADD COLUMN revision TEXT;                       -- its name on the wire; null: INITIAL
ALTER TABLE plan_versions ADD COLUMN role_arn TEXT;
ALTER TABLE plan_versions ADD COLUMN configuration TEXT;                  -- logging, tracing, encryption, as given
ALTER TABLE plan_versions ADD COLUMN source TEXT;                         -- the definition as sent, where its text matters

-- Published versions of a state machine: arn:...:NAME:3.
CREATE TABLE plan_publications (
    operator_name TEXT NOT NULL,
    plan_id       TEXT NOT NULL,
    number        INTEGER NOT NULL,
    plan_version  INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    description   TEXT,
    PRIMARY KEY (operator_name, plan_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_aliases (
    operator_name TEXT NOT NULL,
    plan_id       TEXT NOT NULL,
    alias         TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    description   TEXT,
    routes        TEXT NOT NULL, -- [[number, weight], ...]
    PRIMARY KEY (operator_name, plan_id, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE activities (
    operator_name TEXT NOT NULL,
    name          TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    configuration TEXT, -- encryption, as given
    PRIMARY KEY (operator_name, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    operator_name TEXT NOT NULL,
    resource      TEXT NOT NULL, -- plan/NAME, activity/NAME
    key           TEXT NOT NULL,
    value         TEXT NOT NULL,
    PRIMARY KEY (operator_name, resource, key)
) STRICT, WITHOUT ROWID;

ALTER TABLE executions ADD COLUMN origin TEXT;                          -- {"trace_header", "version", "alias"}: how it was started
ALTER TABLE executions ADD COLUMN timed_out INTEGER NOT NULL DEFAULT 0; -- FAILED because the plan's TimeoutSeconds ran out
ALTER TABLE executions ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN redriven_at INTEGER;
ALTER TABLE executions ADD COLUMN map_run_id INTEGER;                   -- of a distributed Map: it runs the item processor
ALTER TABLE executions ADD COLUMN map_state TEXT;                       -- of this state
ALTER TABLE executions ADD COLUMN map_index INTEGER;                    -- over this item
CREATE INDEX executions_of_plan ON executions (operator_name, plan_id, execution_id);
CREATE INDEX executions_of_map_run ON executions (root_id, map_run_id, execution_id) WHERE map_run_id IS NOT NULL;

ALTER TABLE frames ADD COLUMN begun INTEGER NOT NULL DEFAULT 0; -- of a frame that joins: branches or iterations begun
ALTER TABLE frames ADD COLUMN variables TEXT; -- the scope this frame opened: {"name": value}
ALTER TABLE frames ADD COLUMN item TEXT;      -- of an iteration: the item it works on
ALTER TABLE frames ADD COLUMN items TEXT;     -- of a frame in a Map: what is not yet begun needs them

-- A distributed Map at work. Its children are executions of the tree; one reservation awaits them all.
CREATE TABLE map_runs (
    root_id              INTEGER NOT NULL,
    map_run_id           INTEGER NOT NULL,
    operator_name        TEXT NOT NULL,
    execution_id         INTEGER NOT NULL,
    frame_id             INTEGER NOT NULL,
    reservation_id       INTEGER NOT NULL,
    plan_id              TEXT NOT NULL,
    state                TEXT NOT NULL,
    label                TEXT NOT NULL,
    name                 TEXT NOT NULL, -- the last part of its ARN
    status               TEXT NOT NULL, -- RUNNING, SUCCEEDED, FAILED, ABORTED
    created_at           INTEGER NOT NULL,
    ended_at             INTEGER,
    max_concurrency      INTEGER NOT NULL,
    tolerated_count      INTEGER NOT NULL, -- -1: none given
    tolerated_percentage REAL NOT NULL,    -- -1: none given
    batched              INTEGER NOT NULL, -- 1: an execution works on a batch of items
    item_count           INTEGER NOT NULL,
    total                INTEGER NOT NULL, -- executions there will be
    begun                INTEGER NOT NULL, -- of them
    succeeded            INTEGER NOT NULL,
    failed               INTEGER NOT NULL,
    timed_out            INTEGER NOT NULL,
    aborted              INTEGER NOT NULL,
    woken                INTEGER NOT NULL, -- 1: a turn of the parent is owed already
    redrives             INTEGER NOT NULL DEFAULT 0,
    redriven_at          INTEGER,
    items                TEXT NOT NULL,    -- inputs of the executions
    PRIMARY KEY (root_id, map_run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX map_runs_of ON map_runs (root_id, execution_id, map_run_id);
CREATE INDEX map_runs_recent ON map_runs (operator_name, name);

-- One row per finished child of a Map Run.
CREATE TABLE map_items (
    root_id       INTEGER NOT NULL,
    map_run_id    INTEGER NOT NULL,
    item_index    INTEGER NOT NULL,
    operator_name TEXT NOT NULL,
    status        TEXT NOT NULL, -- SUCCEEDED, FAILED, TIMED_OUT, ABORTED
    items         INTEGER NOT NULL,
    output        TEXT,
    PRIMARY KEY (root_id, map_run_id, item_index)
) STRICT, WITHOUT ROWID;

-- Calls of ours to the outside that wait to be made.
CREATE INDEX reservations_calls ON reservations (reservation_id) WHERE status = 'FRESH' AND type = 'CALL' AND ready = 1;

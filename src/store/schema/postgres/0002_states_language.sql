-- The whole States Language and the Step Functions API: machines, activities, variables, Maps.

-- A plan is a state machine, a plan version one of its revisions.
ALTER TABLE plans ADD COLUMN type TEXT COLLATE "C" NOT NULL DEFAULT 'STANDARD';       -- or EXPRESS
ALTER TABLE plans ADD COLUMN deleted_at BIGINT;                          -- DELETING until its last execution ends
ALTER TABLE plans ADD COLUMN last_publication BIGINT NOT NULL DEFAULT 0; -- numbers are given once
ALTER TABLE plan_versions ADD COLUMN revision TEXT COLLATE "C";                       -- its name on the wire; null: INITIAL
ALTER TABLE plan_versions ADD COLUMN role_arn TEXT COLLATE "C";
ALTER TABLE plan_versions ADD COLUMN configuration TEXT COLLATE "C";                  -- logging, tracing, encryption, as given
ALTER TABLE plan_versions ADD COLUMN source TEXT COLLATE "C";                         -- the definition as sent, where its text matters

-- Published versions of a state machine: arn:...:NAME:3.
CREATE TABLE plan_publications (
    operator_name TEXT COLLATE "C" NOT NULL,
    plan_id       TEXT COLLATE "C" NOT NULL,
    number        BIGINT NOT NULL,
    plan_version  BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    description   TEXT COLLATE "C",
    PRIMARY KEY (operator_name, plan_id, number)
);

CREATE TABLE plan_aliases (
    operator_name TEXT COLLATE "C" NOT NULL,
    plan_id       TEXT COLLATE "C" NOT NULL,
    alias         TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    description   TEXT COLLATE "C",
    routes        TEXT COLLATE "C" NOT NULL, -- [[number, weight], ...]
    PRIMARY KEY (operator_name, plan_id, alias)
);

CREATE TABLE activities (
    operator_name TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    configuration TEXT COLLATE "C", -- encryption, as given
    PRIMARY KEY (operator_name, name)
);

CREATE TABLE tags (
    operator_name TEXT COLLATE "C" NOT NULL,
    resource      TEXT COLLATE "C" NOT NULL, -- plan/NAME, activity/NAME
    key           TEXT COLLATE "C" NOT NULL,
    value         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (operator_name, resource, key)
);

ALTER TABLE executions ADD COLUMN origin TEXT COLLATE "C";                          -- {"trace_header", "version", "alias"}: how it was started
ALTER TABLE executions ADD COLUMN timed_out BIGINT NOT NULL DEFAULT 0; -- FAILED because the plan's TimeoutSeconds ran out
ALTER TABLE executions ADD COLUMN redrives BIGINT NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN redriven_at BIGINT;
ALTER TABLE executions ADD COLUMN map_run_id BIGINT;                   -- of a distributed Map: it runs the item processor
ALTER TABLE executions ADD COLUMN map_state TEXT COLLATE "C";                       -- of this state
ALTER TABLE executions ADD COLUMN map_index BIGINT;                    -- over this item
CREATE INDEX executions_of_plan ON executions (operator_name, plan_id, execution_id);
CREATE INDEX executions_of_map_run ON executions (root_id, map_run_id, execution_id) WHERE map_run_id IS NOT NULL;

ALTER TABLE frames ADD COLUMN begun BIGINT NOT NULL DEFAULT 0; -- of a frame that joins: branches or iterations begun
ALTER TABLE frames ADD COLUMN variables TEXT COLLATE "C"; -- the scope this frame opened: {"name": value}
ALTER TABLE frames ADD COLUMN item TEXT COLLATE "C";      -- of an iteration: the item it works on
ALTER TABLE frames ADD COLUMN items TEXT COLLATE "C";     -- of a frame in a Map: what is not yet begun needs them

-- A distributed Map at work. Its children are executions of the tree; one reservation awaits them all.
CREATE TABLE map_runs (
    root_id              BIGINT NOT NULL,
    map_run_id           BIGINT NOT NULL,
    operator_name        TEXT COLLATE "C" NOT NULL,
    execution_id         BIGINT NOT NULL,
    frame_id             BIGINT NOT NULL,
    reservation_id       BIGINT NOT NULL,
    plan_id              TEXT COLLATE "C" NOT NULL,
    state                TEXT COLLATE "C" NOT NULL,
    label                TEXT COLLATE "C" NOT NULL,
    name                 TEXT COLLATE "C" NOT NULL, -- the last part of its ARN
    status               TEXT COLLATE "C" NOT NULL, -- RUNNING, SUCCEEDED, FAILED, ABORTED
    created_at           BIGINT NOT NULL,
    ended_at             BIGINT,
    max_concurrency      BIGINT NOT NULL,
    tolerated_count      BIGINT NOT NULL, -- -1: none given
    tolerated_percentage DOUBLE PRECISION NOT NULL,    -- -1: none given
    batched              BIGINT NOT NULL, -- 1: an execution works on a batch of items
    item_count           BIGINT NOT NULL,
    total                BIGINT NOT NULL, -- executions there will be
    begun                BIGINT NOT NULL, -- of them
    succeeded            BIGINT NOT NULL,
    failed               BIGINT NOT NULL,
    timed_out            BIGINT NOT NULL,
    aborted              BIGINT NOT NULL,
    woken                BIGINT NOT NULL, -- 1: a turn of the parent is owed already
    redrives             BIGINT NOT NULL DEFAULT 0,
    redriven_at          BIGINT,
    items                TEXT COLLATE "C" NOT NULL,    -- inputs of the executions
    PRIMARY KEY (root_id, map_run_id)
);
CREATE INDEX map_runs_of ON map_runs (root_id, execution_id, map_run_id);
CREATE INDEX map_runs_recent ON map_runs (operator_name, name);

-- One row per finished child of a Map Run.
CREATE TABLE map_items (
    root_id       BIGINT NOT NULL,
    map_run_id    BIGINT NOT NULL,
    item_index    BIGINT NOT NULL,
    operator_name TEXT COLLATE "C" NOT NULL,
    status        TEXT COLLATE "C" NOT NULL, -- SUCCEEDED, FAILED, TIMED_OUT, ABORTED
    items         BIGINT NOT NULL,
    output        TEXT COLLATE "C",
    PRIMARY KEY (root_id, map_run_id, item_index)
);

-- Calls of ours to the outside that wait to be made.
CREATE INDEX reservations_calls ON reservations (reservation_id) WHERE status = 'FRESH' AND type = 'CALL' AND ready = 1;

CREATE OR REPLACE VIEW executions_now AS SELECT * FROM executions;

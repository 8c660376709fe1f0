-- The store of many nodes. Plain names, plain columns: look at it with psql at any time.
-- Every row of a tree has a key that begins with root_id, and every table bears operator_name.
-- Times are milliseconds UTC. JSON is text. Ids are numbers that rise with time (docs/decisions/0002).

CREATE TABLE migrations (
    number     BIGINT PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    applied_at BIGINT NOT NULL
);

CREATE TABLE plans (
    operator_name TEXT COLLATE "C" NOT NULL,
    plan_id       TEXT COLLATE "C" NOT NULL,
    plan_version  BIGINT NOT NULL, -- the latest
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (operator_name, plan_id)
);

CREATE TABLE plan_versions (
    operator_name TEXT COLLATE "C" NOT NULL,
    plan_id       TEXT COLLATE "C" NOT NULL,
    plan_version  BIGINT NOT NULL,
    digest        TEXT COLLATE "C" NOT NULL, -- SHA-256 of the canonical definition
    created_at    BIGINT NOT NULL,
    created_by    TEXT COLLATE "C" NOT NULL,
    definition    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (operator_name, plan_id, plan_version)
);

-- One row per tree and nobody's business data: whoever changes anything in a tree takes it first.
CREATE TABLE trees (
    root_id       BIGINT PRIMARY KEY,
    operator_name TEXT COLLATE "C" NOT NULL,
    seq           BIGINT NOT NULL, -- the order of all changes in the tree
    fence         BIGINT NOT NULL DEFAULT 0,
    executions    BIGINT NOT NULL  -- how many there are, against the quota
);

CREATE TABLE execution_ids (
    operator_name     TEXT COLLATE "C" NOT NULL,
    plan_execution_id TEXT COLLATE "C" NOT NULL,
    root_id           BIGINT NOT NULL,
    execution_id      BIGINT NOT NULL,
    PRIMARY KEY (operator_name, plan_execution_id)
);

CREATE TABLE executions (
    root_id               BIGINT NOT NULL,
    execution_id          BIGINT NOT NULL,
    operator_name         TEXT COLLATE "C" NOT NULL,
    portal_id             TEXT COLLATE "C" NOT NULL,
    plan_execution_id     TEXT COLLATE "C" NOT NULL,
    plan_id               TEXT COLLATE "C" NOT NULL,
    plan_version          BIGINT NOT NULL,
    status                TEXT COLLATE "C" NOT NULL,
    last_state            TEXT COLLATE "C",             -- of the outermost frame
    epoch                 BIGINT NOT NULL,
    parent_id             BIGINT,          -- execution_id in the same tree
    parent_reservation_id BIGINT,          -- the CHILD reservation that awaits it; null: fire-and-forget
    depth                 BIGINT NOT NULL,
    history_seq           BIGINT NOT NULL, -- last row in history
    event_id              BIGINT NOT NULL, -- last event of the language in history
    frame_seq             BIGINT NOT NULL, -- last frame_id given
    busy_turns            BIGINT NOT NULL, -- turns in a row that did not wait
    hold_on_failure       BIGINT NOT NULL,
    start_locks           TEXT COLLATE "C",             -- [[name, frame_id], ...] to hold before it goes on
    halt_id               BIGINT,          -- the halt that stopped the present epoch
    batch_operations      TEXT COLLATE "C",
    start_digest          TEXT COLLATE "C",             -- of the request that started it, for repeats
    created_by            TEXT COLLATE "C" NOT NULL,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL,
    ended_at              BIGINT,
    error                 TEXT COLLATE "C",
    cause                 TEXT COLLATE "C",
    input                 TEXT COLLATE "C" NOT NULL,
    output                TEXT COLLATE "C",
    PRIMARY KEY (root_id, execution_id)
);
CREATE INDEX executions_children ON executions (root_id, parent_id, execution_id) WHERE parent_id IS NOT NULL;
CREATE INDEX executions_recent ON executions (operator_name, execution_id);
CREATE INDEX executions_active ON executions (operator_name, execution_id) WHERE ended_at IS NULL;

-- All reads of executions, and all status filters, go through this view.
CREATE VIEW executions_now AS SELECT * FROM executions;

-- One row per live branch: the root frame, the branches of a Parallel.
CREATE TABLE frames (
    root_id         BIGINT NOT NULL,
    execution_id    BIGINT NOT NULL,
    frame_id        BIGINT NOT NULL, -- 1 is the root frame
    operator_name   TEXT COLLATE "C" NOT NULL,
    parent_frame_id BIGINT,
    branch          BIGINT NOT NULL,
    state           TEXT COLLATE "C" NOT NULL,
    phase           TEXT COLLATE "C" NOT NULL, -- ENTER, RETRY, WAIT, JOIN, DONE, FAILED
    entered_event   BIGINT NOT NULL, -- event_id of the present state's StateEntered
    last_event      BIGINT NOT NULL, -- previousEventId of the next event
    retries         TEXT COLLATE "C",             -- [n, ...]: retries made, by retrier of the present state
    data            TEXT COLLATE "C" NOT NULL,    -- the raw input of the present state
    result          TEXT COLLATE "C",             -- of a branch that is DONE
    PRIMARY KEY (root_id, execution_id, frame_id)
);

-- Stored claims on the future of an execution.
CREATE TABLE reservations (
    root_id        BIGINT NOT NULL,
    execution_id   BIGINT NOT NULL,
    reservation_id BIGINT NOT NULL,
    operator_name  TEXT COLLATE "C" NOT NULL,
    frame_id       BIGINT NOT NULL, -- 0: of the whole execution
    type           TEXT COLLATE "C" NOT NULL,
    status         TEXT COLLATE "C" NOT NULL,    -- FRESH, USED, STALE
    epoch          BIGINT NOT NULL,
    state          TEXT COLLATE "C",
    due_at         BIGINT,          -- scheduled types
    queue          TEXT COLLATE "C",             -- TASK: its name; LOCK: the lock's name
    ready          BIGINT NOT NULL, -- 1: a TASK that a worker may take
    attempt        BIGINT NOT NULL,
    worker         TEXT COLLATE "C",
    lease_until    BIGINT,
    lease_ms       BIGINT,
    token_hash     BYTEA,             -- SHA-256 of the one-time secret
    child_id       BIGINT,          -- CHILD: execution_id in the same tree
    created_at     BIGINT NOT NULL,
    arrived_at     BIGINT,          -- its result is here, not yet applied
    settled_at     BIGINT,
    halt_id        BIGINT,          -- the halt that made it STALE
    failed         BIGINT,          -- of the result: 1 when it is {"Error", "Cause"}
    answer_hash    TEXT COLLATE "C",             -- of what settled it, to know a repeat
    data           TEXT COLLATE "C",             -- what the worker or the person gets
    result         TEXT COLLATE "C",
    PRIMARY KEY (root_id, execution_id, reservation_id)
);
CREATE INDEX reservations_fresh ON reservations (root_id, execution_id, frame_id) WHERE status = 'FRESH';
CREATE INDEX reservations_due ON reservations (due_at, root_id, execution_id) WHERE status = 'FRESH' AND due_at IS NOT NULL AND arrived_at IS NULL;
CREATE INDEX reservations_ready ON reservations (operator_name, queue, reservation_id) WHERE ready = 1;
CREATE INDEX reservations_leased ON reservations (root_id, execution_id) WHERE status = 'FRESH' AND worker IS NOT NULL;
CREATE INDEX reservations_human ON reservations (operator_name, reservation_id) WHERE status = 'FRESH' AND type = 'HUMAN_TASK';

CREATE TABLE paused_executions (
    root_id       BIGINT NOT NULL,
    execution_id  BIGINT NOT NULL,
    operator_name TEXT COLLATE "C" NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL, -- PAUSED by a person, FAILED and held
    subject       TEXT COLLATE "C" NOT NULL,
    reason        TEXT COLLATE "C",
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (root_id, execution_id)
);

CREATE TABLE locks (
    operator_name   TEXT COLLATE "C" NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    holder_root_id  BIGINT,
    holder_id       BIGINT,
    holder_frame_id BIGINT,
    holder_epoch    BIGINT,
    fence           BIGINT NOT NULL, -- rises by one with each grant
    acquired_at     BIGINT,
    PRIMARY KEY (operator_name, name)
);
CREATE INDEX locks_held ON locks (holder_root_id, holder_id) WHERE holder_id IS NOT NULL;

CREATE TABLE lock_waiters (
    operator_name  TEXT COLLATE "C" NOT NULL,
    name           TEXT COLLATE "C" NOT NULL,
    reservation_id BIGINT NOT NULL, -- of the waiter's LOCK reservation; the order of the queue
    root_id        BIGINT NOT NULL,
    execution_id   BIGINT NOT NULL,
    frame_id       BIGINT NOT NULL,
    epoch          BIGINT NOT NULL,
    PRIMARY KEY (operator_name, name, reservation_id)
);
CREATE INDEX lock_waiters_of ON lock_waiters (root_id, execution_id);

-- Append only. event_id and previous_event_id number the events of the language; audit events have none.
CREATE TABLE history (
    root_id           BIGINT NOT NULL,
    execution_id      BIGINT NOT NULL,
    seq               BIGINT NOT NULL,
    operator_name     TEXT COLLATE "C" NOT NULL,
    tree_seq          BIGINT NOT NULL,
    time_at           BIGINT NOT NULL,
    type              TEXT COLLATE "C" NOT NULL,
    event_id          BIGINT,
    previous_event_id BIGINT,
    halt_id           BIGINT, -- events of a halt: its reason and actor stand once, in halts
    detail            TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (root_id, execution_id, seq)
);

CREATE TABLE halts (
    root_id       BIGINT NOT NULL,
    halt_id       BIGINT NOT NULL,
    operator_name TEXT COLLATE "C" NOT NULL,
    portal_id     TEXT COLLATE "C" NOT NULL,
    subject       TEXT COLLATE "C" NOT NULL,
    execution_id  BIGINT NOT NULL, -- the target
    kind          TEXT COLLATE "C" NOT NULL,    -- EXECUTION, CHILDREN, FRAME
    children      TEXT COLLATE "C" NOT NULL,    -- none, awaited, all
    outcome       TEXT COLLATE "C" NOT NULL,
    reason        TEXT COLLATE "C",
    batch_name    TEXT COLLATE "C",
    tree_seq      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    executions    BIGINT NOT NULL,
    reservations  BIGINT NOT NULL,
    scheduled     BIGINT NOT NULL,
    locks         BIGINT NOT NULL,
    granted       BIGINT NOT NULL,
    in_flight     BIGINT NOT NULL,
    callback      TEXT COLLATE "C",
    unused        TEXT COLLATE "C",
    anomalies     TEXT COLLATE "C",
    digest        TEXT COLLATE "C",
    PRIMARY KEY (root_id, halt_id)
);

-- The receipt: what was halted, and what it was before.
CREATE TABLE halt_items (
    root_id         BIGINT NOT NULL,
    halt_id         BIGINT NOT NULL,
    depth           BIGINT NOT NULL, -- below the target
    execution_id    BIGINT NOT NULL,
    operator_name   TEXT COLLATE "C" NOT NULL,
    previous_status TEXT COLLATE "C" NOT NULL,
    last_state      TEXT COLLATE "C",
    epoch           BIGINT NOT NULL, -- before the halt
    PRIMARY KEY (root_id, halt_id, depth, execution_id)
);

CREATE TABLE halt_locks (
    root_id              BIGINT NOT NULL,
    halt_id              BIGINT NOT NULL,
    name                 TEXT COLLATE "C" NOT NULL,
    operator_name        TEXT COLLATE "C" NOT NULL,
    execution_id         BIGINT NOT NULL, -- who held it
    frame_id             BIGINT NOT NULL,
    fence                BIGINT NOT NULL, -- after the hand-over
    granted_to           TEXT COLLATE "C",             -- plan_execution_id of the next holder
    granted_root_id      BIGINT,
    granted_id           BIGINT,
    granted_frame_id     BIGINT,
    granted_epoch        BIGINT,
    granted_reservation_id BIGINT,
    PRIMARY KEY (root_id, halt_id, name)
);

-- Work that was in a worker's hands when the halt came.
CREATE TABLE halt_in_flight (
    root_id        BIGINT NOT NULL,
    halt_id        BIGINT NOT NULL,
    execution_id   BIGINT NOT NULL,
    reservation_id BIGINT NOT NULL,
    operator_name  TEXT COLLATE "C" NOT NULL,
    task           TEXT COLLATE "C",
    worker         TEXT COLLATE "C",
    lease_until    BIGINT NOT NULL,
    quiet_at       BIGINT, -- the worker has said that it is done with it
    PRIMARY KEY (root_id, halt_id, execution_id, reservation_id)
);

-- What came too late, kept next to the history, once.
CREATE TABLE evidence (
    root_id        BIGINT NOT NULL,
    execution_id   BIGINT NOT NULL,
    reservation_id BIGINT NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL,
    operator_name  TEXT COLLATE "C" NOT NULL,
    halt_id        BIGINT NOT NULL,
    subject        TEXT COLLATE "C",
    received_at    BIGINT NOT NULL,
    body           TEXT COLLATE "C",
    PRIMARY KEY (root_id, execution_id, reservation_id, kind)
);

-- Answers kept under their Idempotency-Key.
CREATE TABLE requests (
    operator_name TEXT COLLATE "C" NOT NULL,
    subject       TEXT COLLATE "C" NOT NULL,
    route         TEXT COLLATE "C" NOT NULL,
    key           TEXT COLLATE "C" NOT NULL,
    body_hash     TEXT COLLATE "C" NOT NULL,
    status        BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    halt_id       TEXT COLLATE "C",
    body          TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (operator_name, subject, route, key)
);
CREATE INDEX requests_age ON requests (created_at);

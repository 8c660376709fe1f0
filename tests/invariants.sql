-- invariants.sql - what must be true of a store at every commit. One statement each; a row it gives is a violation.
--
-- Read by tests/checker.py and by the walks and races of tests/race. A header line is `-- NAME: sentence`; a name
-- may stand over several statements. Nothing here comes from the engine: the tables are all that is known.

-- K1: a status is one of the table's, and final exactly when the execution has ended
SELECT plan_execution_id || ' is ' || status || ', ended_at ' || ifnull(ended_at, 'null') FROM executions
WHERE status NOT IN ('PENDING', 'EXECUTING', 'WAITING_FOR_HUMAN_TASK', 'WAITING_FOR_CALLBACK',
    'WAITING_FOR_CHILD_EXECUTION', 'WAITING_FOR_LOCK', 'WAITING_FOR_TIMER', 'WAITING_FOR_RESTART',
    'SUCCESS', 'FAILED', 'STOPPED')
  OR (ended_at IS NOT NULL) <> (status IN ('SUCCESS', 'FAILED', 'STOPPED'));

-- K2: a tree counts its executions, and each has its one name and its place below its parent
SELECT 'tree ' || t.root_id || ' counts ' || t.executions FROM trees t
WHERE t.executions <> (SELECT count(*) FROM executions e WHERE e.root_id = t.root_id);

-- K2: a tree counts its executions, and each has its one name and its place below its parent
SELECT e.plan_execution_id FROM executions e LEFT JOIN trees t USING (root_id)
LEFT JOIN execution_ids i ON i.operator_name = e.operator_name AND i.plan_execution_id = e.plan_execution_id
LEFT JOIN executions p ON p.root_id = e.root_id AND p.execution_id = e.parent_id
WHERE t.root_id IS NULL OR i.execution_id IS NOT e.execution_id OR i.root_id IS NOT e.root_id
  OR (e.parent_id IS NULL AND (e.depth <> 0 OR e.root_id <> e.execution_id))
  OR (e.parent_id IS NOT NULL AND e.depth IS NOT p.depth + 1);

-- K2: a tree counts its executions, and each has its one name and its place below its parent
SELECT i.plan_execution_id FROM execution_ids i LEFT JOIN executions e USING (root_id, execution_id)
WHERE e.plan_execution_id IS NOT i.plan_execution_id;

-- A1: a halt of all children left no descendant active that was there
WITH RECURSIVE below (root_id, halt_id, tree_seq, execution_id, is_spared) AS (
  SELECT root_id, halt_id, tree_seq, execution_id, kind <> 'EXECUTION' FROM halts WHERE children = 'all'
  UNION ALL
  SELECT b.root_id, b.halt_id, b.tree_seq, c.execution_id, 0 FROM below b
  JOIN executions c ON c.root_id = b.root_id AND c.parent_id = b.execution_id)
SELECT 'halt ' || b.halt_id || ' left ' || e.plan_execution_id FROM below b JOIN executions e USING (root_id, execution_id)
JOIN history s ON s.root_id = e.root_id AND s.execution_id = e.execution_id AND s.seq = 1 AND s.tree_seq < b.tree_seq
WHERE NOT b.is_spared AND e.ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM history x WHERE x.root_id = e.root_id
  AND x.execution_id = e.execution_id AND x.type IN ('EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN') AND x.tree_seq > b.tree_seq);

-- A2: all of a halted set bears the halt, or nothing does
SELECT 'halt ' || h.halt_id || ' counts ' || h.executions FROM halts h
WHERE h.executions <> (SELECT count(*) FROM halt_items i WHERE i.root_id = h.root_id AND i.halt_id = h.halt_id)
  OR h.executions <> (SELECT count(*) FROM history x WHERE x.root_id = h.root_id AND x.halt_id = h.halt_id
    AND x.type = 'EXECUTION.HALTED');

-- A2: all of a halted set bears the halt, or nothing does
SELECT e.plan_execution_id FROM executions e LEFT JOIN halt_items i
  ON i.root_id = e.root_id AND i.halt_id = e.halt_id AND i.execution_id = e.execution_id
WHERE (e.status = 'STOPPED') <> (e.halt_id IS NOT NULL)
  OR (e.halt_id IS NOT NULL AND (i.halt_id IS NULL OR e.epoch <> i.epoch + 1));

-- A2: all of a halted set bears the halt, or nothing does
SELECT 'item of halt ' || i.halt_id FROM halt_items i LEFT JOIN halts h USING (root_id, halt_id)
LEFT JOIN executions e ON e.root_id = i.root_id AND e.execution_id = i.execution_id
LEFT JOIN history x ON x.root_id = i.root_id AND x.execution_id = i.execution_id AND x.halt_id = i.halt_id
  AND x.type = 'EXECUTION.HALTED'
WHERE h.halt_id IS NULL OR e.epoch IS NULL OR e.epoch <= i.epoch
  OR i.previous_status IN ('SUCCESS', 'FAILED', 'STOPPED')
  OR json_extract(x.detail, '$.previous_status') IS NOT i.previous_status;

-- A3: no reservation of a final execution is FRESH
SELECT e.plan_execution_id || ' ' || r.type FROM reservations r JOIN executions e USING (root_id, execution_id)
WHERE r.status = 'FRESH' AND e.ended_at IS NOT NULL;

-- A4: a reservation is FRESH, or was settled once: USED, or STALE and then perhaps by a halt of its execution
SELECT r.reservation_id || ' ' || r.type || ' ' || r.status FROM reservations r
LEFT JOIN halt_items i ON i.root_id = r.root_id AND i.halt_id = r.halt_id AND i.execution_id = r.execution_id
WHERE r.status NOT IN ('FRESH', 'USED', 'STALE') OR (r.status = 'FRESH') <> (r.settled_at IS NULL)
  OR (r.halt_id IS NOT NULL AND (r.status <> 'STALE' OR i.halt_id IS NULL))
  OR r.type NOT IN ('START', 'TURN', 'TIMER', 'RETRY', 'TIMEOUT', 'HEARTBEAT', 'TASK', 'CALLBACK', 'HUMAN_TASK',
    'CHILD', 'LOCK', 'CALL', 'MAP_RUN');

-- A4: a reservation is FRESH, or was settled once: USED, or STALE and then perhaps by a halt of its execution
SELECT e.plan_execution_id || ' ' || r.type || ' of epoch ' || r.epoch FROM halt_items i
JOIN reservations r ON r.root_id = i.root_id AND r.execution_id = i.execution_id
JOIN executions e ON e.root_id = i.root_id AND e.execution_id = i.execution_id
WHERE r.status = 'FRESH' AND r.epoch <= i.epoch;

-- A5: nothing final holds a lock or waits for one
SELECT l.name FROM locks l LEFT JOIN executions e ON e.root_id = l.holder_root_id AND e.execution_id = l.holder_id
WHERE l.holder_id IS NOT NULL AND (e.execution_id IS NULL OR e.ended_at IS NOT NULL);

-- A5: nothing final holds a lock or waits for one
SELECT w.name || ' ' || w.reservation_id FROM lock_waiters w LEFT JOIN executions e USING (root_id, execution_id)
WHERE e.execution_id IS NULL OR e.ended_at IS NOT NULL;

-- A6: a lock has one holder at a time, each grant its own fence, and the highest fence is the lock's
SELECT name || ' ' || fence || ' ' || count(*) FROM (SELECT operator_name, json_extract(detail, '$.name') AS name,
  json_extract(detail, '$.fence') AS fence FROM history WHERE type = 'LOCK.ACQUIRED')
GROUP BY operator_name, name, fence HAVING count(*) > 1;

-- A6: a lock has one holder at a time, each grant its own fence, and the highest fence is the lock's
SELECT x.plan_execution_id FROM history h JOIN executions x USING (root_id, execution_id)
LEFT JOIN locks l ON l.operator_name = h.operator_name AND l.name = json_extract(h.detail, '$.name')
WHERE h.type = 'LOCK.ACQUIRED' AND NOT ifnull(json_extract(h.detail, '$.fence') BETWEEN 1 AND l.fence, 0);

-- A6: a lock has one holder at a time, each grant its own fence, and the highest fence is the lock's
SELECT h.name || ' ' || h.fence FROM halt_locks h
LEFT JOIN locks l ON l.operator_name = h.operator_name AND l.name = h.name
WHERE NOT ifnull(h.fence <= l.fence, 0) OR (SELECT count(*) FROM halt_locks o WHERE o.operator_name = h.operator_name
  AND o.name = h.name AND o.fence = h.fence AND o.granted_id IS NOT NULL) > 1;

-- A6: a lock has one holder at a time, each grant its own fence, and the highest fence is the lock's
SELECT name FROM locks WHERE (holder_id IS NULL) <> (holder_epoch IS NULL) OR (holder_id IS NULL) <> (acquired_at IS NULL)
  OR (holder_id IS NULL) <> (holder_root_id IS NULL) OR fence < (holder_id IS NOT NULL);

-- A7: no lock is free while a live one waits for it
SELECT w.name FROM lock_waiters w JOIN executions e USING (root_id, execution_id)
LEFT JOIN locks l ON l.operator_name = w.operator_name AND l.name = w.name
WHERE l.holder_id IS NULL AND e.ended_at IS NULL AND e.epoch = w.epoch AND e.status <> 'WAITING_FOR_RESTART';

-- A8: what a worker may take is a FRESH task of an execution that goes on
SELECT e.plan_execution_id || ' ' || r.type FROM reservations r JOIN executions e USING (root_id, execution_id)
WHERE r.ready = 1 AND (r.status <> 'FRESH' OR r.type <> 'TASK' OR r.worker IS NOT NULL OR r.arrived_at IS NOT NULL
  OR e.ended_at IS NOT NULL OR e.status = 'WAITING_FOR_RESTART');

-- A9: work in a worker's hands at a halt is in its receipt
SELECT h.halt_id || ' ' || r.reservation_id FROM reservations r JOIN halts h USING (root_id, halt_id)
LEFT JOIN halt_in_flight f USING (root_id, halt_id, execution_id, reservation_id)
WHERE r.worker IS NOT NULL AND r.arrived_at IS NULL AND r.lease_until > h.created_at AND f.halt_id IS NULL;

-- A9: work in a worker's hands at a halt is in its receipt
SELECT f.halt_id || ' ' || f.reservation_id FROM halt_in_flight f
LEFT JOIN reservations r USING (root_id, halt_id, execution_id, reservation_id)
WHERE r.reservation_id IS NULL OR r.worker IS NULL OR (f.quiet_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM evidence v
  WHERE v.root_id = f.root_id AND v.execution_id = f.execution_id AND v.reservation_id = f.reservation_id));

-- A11: an execution ends once, until it is restarted
SELECT root_id || ' ' || execution_id || ' ' || seq || ' ' || type FROM (
  SELECT *, lag(type) OVER (PARTITION BY root_id, execution_id ORDER BY seq) AS before FROM history
  WHERE type IN ('ExecutionSucceeded', 'ExecutionFailed', 'ExecutionTimedOut', 'EXECUTION.HALTED',
    'EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN'))
WHERE type NOT IN ('EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN') AND before IS NOT NULL AND before NOT IN ('EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN');

-- A12: nothing bears an epoch beyond its execution's, and what is open bears that one
SELECT e.plan_execution_id || ' ' || r.type || ' ' || r.status || ' of epoch ' || r.epoch FROM reservations r
JOIN executions e USING (root_id, execution_id)
WHERE r.epoch > e.epoch OR (r.status = 'FRESH' AND r.epoch <> e.epoch);

-- A12: nothing bears an epoch beyond its execution's, and what is open bears that one
SELECT l.name || ' held in epoch ' || l.holder_epoch FROM locks l
JOIN executions e ON e.root_id = l.holder_root_id AND e.execution_id = l.holder_id WHERE l.holder_epoch <> e.epoch;

-- A12: nothing bears an epoch beyond its execution's, and what is open bears that one
SELECT w.name || ' awaited in epoch ' || w.epoch FROM lock_waiters w JOIN executions e USING (root_id, execution_id)
WHERE w.epoch <> e.epoch;

-- A12: nothing bears an epoch beyond its execution's, and what is open bears that one
SELECT plan_execution_id || ' epoch ' || epoch FROM executions WHERE epoch < 1;

-- A13: who waits for a child waits for one that is active, and that will tell him
SELECT e.plan_execution_id || ' ' || r.reservation_id FROM reservations r JOIN executions e USING (root_id, execution_id)
LEFT JOIN executions c ON c.root_id = r.root_id AND c.execution_id = r.child_id
WHERE r.type = 'CHILD' AND r.status = 'FRESH' AND r.arrived_at IS NULL
  AND (c.execution_id IS NULL OR c.ended_at IS NOT NULL OR c.parent_id <> r.execution_id
    OR c.parent_reservation_id IS NOT r.reservation_id)
  AND NOT EXISTS (SELECT 1 FROM halts h WHERE h.root_id = r.root_id AND h.execution_id = r.child_id
    AND json_extract(h.callback, '$.result') = 'disabled');

-- A14: an active execution that is not paused has a reason to move
SELECT e.plan_execution_id || ' ' || e.status FROM executions e
WHERE e.ended_at IS NULL AND e.status <> 'WAITING_FOR_RESTART' AND NOT EXISTS (SELECT 1 FROM reservations r
  WHERE r.root_id = e.root_id AND r.execution_id = e.execution_id AND r.status = 'FRESH' AND r.type IN (
    SELECT value FROM json_each(CASE e.status
      WHEN 'PENDING' THEN '["START","TURN","LOCK"]'
      WHEN 'EXECUTING' THEN '["TURN","TASK","CALL"]'
      WHEN 'WAITING_FOR_HUMAN_TASK' THEN '["HUMAN_TASK"]'
      WHEN 'WAITING_FOR_CALLBACK' THEN '["CALLBACK"]'
      WHEN 'WAITING_FOR_CHILD_EXECUTION' THEN '["CHILD","MAP_RUN"]'
      WHEN 'WAITING_FOR_LOCK' THEN '["LOCK"]'
      ELSE '["TIMER","RETRY"]' END)));

-- A14: an active execution that is not paused has a reason to move
SELECT e.plan_execution_id || ' frame ' || f.frame_id || ' ' || f.state || ' ' || f.phase FROM frames f
JOIN executions e USING (root_id, execution_id)
WHERE e.ended_at IS NULL AND e.status NOT IN ('WAITING_FOR_RESTART', 'PENDING') AND NOT CASE f.phase
  WHEN 'WAIT' THEN EXISTS (SELECT 1 FROM reservations r WHERE r.root_id = f.root_id
    AND r.execution_id = f.execution_id AND r.frame_id = f.frame_id AND r.status = 'FRESH'
    AND r.type IN ('TIMER', 'RETRY', 'TASK', 'CALLBACK', 'HUMAN_TASK', 'CHILD', 'LOCK', 'CALL', 'MAP_RUN'))
  WHEN 'JOIN' THEN EXISTS (SELECT 1 FROM frames b WHERE b.root_id = f.root_id AND b.execution_id = f.execution_id
    AND b.parent_frame_id = f.frame_id AND b.phase <> 'DONE')
  WHEN 'DONE' THEN f.frame_id > 1
  WHEN 'FAILED' THEN 0
  ELSE EXISTS (SELECT 1 FROM reservations r WHERE r.root_id = f.root_id AND r.execution_id = f.execution_id
    AND r.status = 'FRESH' AND r.type = 'TURN' AND r.arrived_at IS NULL) END;

-- A14: an active execution that is not paused has a reason to move
SELECT e.plan_execution_id || ' has ' || r.type || ' and does not apply it' FROM reservations r
JOIN executions e USING (root_id, execution_id)
WHERE r.status = 'FRESH' AND r.arrived_at IS NOT NULL AND e.status NOT IN ('WAITING_FOR_RESTART', 'PENDING')
  AND NOT EXISTS (SELECT 1 FROM reservations t WHERE t.root_id = r.root_id AND t.execution_id = r.execution_id
    AND t.status = 'FRESH' AND t.type = 'TURN' AND t.arrived_at IS NULL);

-- A14: an active execution that is not paused has a reason to move
SELECT e.plan_execution_id || ' has a task that nobody can take and nobody has' FROM reservations r
JOIN executions e USING (root_id, execution_id)
WHERE r.status = 'FRESH' AND r.type = 'TASK' AND r.arrived_at IS NULL AND e.status <> 'WAITING_FOR_RESTART'
  AND r.ready = 0 AND (r.worker IS NULL OR r.lease_ms > 0 AND NOT EXISTS (SELECT 1 FROM reservations b WHERE b.root_id = r.root_id
    AND b.execution_id = r.execution_id AND b.frame_id = r.frame_id AND b.type = 'HEARTBEAT' AND b.status = 'FRESH'));

-- A14: an active execution that is not paused has a reason to move
SELECT e.plan_execution_id || ' waits for ' || r.queue || ' in no queue' FROM reservations r
JOIN executions e USING (root_id, execution_id)
LEFT JOIN lock_waiters w ON w.reservation_id = r.reservation_id AND w.operator_name = r.operator_name AND w.name = r.queue
LEFT JOIN locks l ON l.operator_name = r.operator_name AND l.name = r.queue AND l.holder_root_id = r.root_id
  AND l.holder_id = r.execution_id AND l.holder_frame_id = r.frame_id
WHERE r.status = 'FRESH' AND r.type = 'LOCK' AND r.arrived_at IS NULL
  AND (w.reservation_id IS NOT NULL) + (l.name IS NOT NULL) <> 1;

-- A14: an active execution that is not paused has a reason to move
SELECT e.plan_execution_id || ' was given ' || r.queue || ' and does not know' FROM reservations r
JOIN executions e USING (root_id, execution_id)
JOIN locks l ON l.operator_name = r.operator_name AND l.name = r.queue AND l.holder_root_id = r.root_id
  AND l.holder_id = r.execution_id AND l.holder_frame_id = r.frame_id
WHERE r.status = 'FRESH' AND r.type = 'LOCK' AND e.status <> 'WAITING_FOR_RESTART' AND NOT EXISTS (SELECT 1
  FROM reservations t WHERE t.root_id = r.root_id AND t.execution_id = r.execution_id AND t.status = 'FRESH'
    AND t.type = 'TURN' AND t.arrived_at IS NULL);

-- A14: an active execution that is not paused has a reason to move
SELECT w.name || ' ' || w.reservation_id FROM lock_waiters w
LEFT JOIN reservations r USING (root_id, execution_id, reservation_id)
WHERE r.type IS NOT 'LOCK' OR r.status <> 'FRESH' OR r.queue <> w.name;

-- A15: every row of an execution bears its operator, and a tree has one operator and one portal
SELECT e.plan_execution_id FROM executions e JOIN executions o ON o.root_id = e.root_id AND o.execution_id = e.root_id
JOIN trees t ON t.root_id = e.root_id
WHERE e.operator_name <> o.operator_name OR e.portal_id <> o.portal_id OR t.operator_name <> e.operator_name;

-- A15: every row of an execution bears its operator, and a tree has one operator and one portal
SELECT what || ' ' || x.root_id || ' ' || x.execution_id FROM (
  SELECT 'frames' AS what, root_id, execution_id, operator_name FROM frames
  UNION ALL SELECT 'reservations', root_id, execution_id, operator_name FROM reservations
  UNION ALL SELECT 'paused_executions', root_id, execution_id, operator_name FROM paused_executions
  UNION ALL SELECT 'lock_waiters', root_id, execution_id, operator_name FROM lock_waiters
  UNION ALL SELECT 'locks', holder_root_id, holder_id, operator_name FROM locks WHERE holder_id IS NOT NULL
  UNION ALL SELECT 'history', root_id, execution_id, operator_name FROM history
  UNION ALL SELECT 'halts', root_id, execution_id, operator_name FROM halts
  UNION ALL SELECT 'halt_items', root_id, execution_id, operator_name FROM halt_items
  UNION ALL SELECT 'halt_locks', root_id, execution_id, operator_name FROM halt_locks
  UNION ALL SELECT 'halt_in_flight', root_id, execution_id, operator_name FROM halt_in_flight
  UNION ALL SELECT 'evidence', root_id, execution_id, operator_name FROM evidence) x
LEFT JOIN executions e USING (root_id, execution_id) WHERE e.operator_name IS NOT x.operator_name;

-- B1: after a halt nothing more happens to an execution, until it is restarted
SELECT m.root_id || ' ' || m.execution_id || ' ' || m.seq || ' ' || m.type FROM (SELECT *,
  max(CASE WHEN type IN ('EXECUTION.HALTED', 'EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN') THEN seq END) OVER (PARTITION BY root_id,
    execution_id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS mark FROM history) m
JOIN history x ON x.root_id = m.root_id AND x.execution_id = m.execution_id AND x.seq = m.mark
WHERE x.type = 'EXECUTION.HALTED' AND m.type NOT IN ('EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN') AND (m.halt_id IS NOT x.halt_id
  OR m.tree_seq <> x.tree_seq OR m.type NOT IN ('RESERVATION.CLEANED', 'LOCK.RELEASED'));

-- B5: nothing final starts a child
SELECT c.plan_execution_id FROM executions c
JOIN history s ON s.root_id = c.root_id AND s.execution_id = c.execution_id AND s.seq = 1
JOIN history p ON p.root_id = c.root_id AND p.execution_id = c.parent_id AND p.tree_seq < s.tree_seq
  AND p.type IN ('EXECUTION.HALTED', 'ExecutionSucceeded', 'ExecutionFailed')
WHERE NOT EXISTS (SELECT 1 FROM history r WHERE r.root_id = p.root_id AND r.execution_id = p.execution_id
  AND r.type IN ('EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN') AND r.tree_seq > p.tree_seq AND r.tree_seq <= s.tree_seq);

-- B7: what came too late is kept with the halt that refused it
SELECT v.root_id || ' ' || v.execution_id || ' ' || v.kind FROM evidence v
LEFT JOIN halt_items i USING (root_id, halt_id, execution_id) WHERE i.halt_id IS NULL;

-- P2: a parent is told once of each run of a child
SELECT e.plan_execution_id || ' told of ' || r.child_id FROM reservations r JOIN executions e USING (root_id, execution_id)
WHERE r.type = 'CHILD' AND r.arrived_at IS NOT NULL
GROUP BY r.root_id, r.execution_id, r.child_id HAVING count(*) > 1 + (SELECT count(*) FROM history x
  WHERE x.root_id = r.root_id AND x.execution_id = r.child_id AND x.type IN ('EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN'));

-- P4: a parent's history speaks of its child's halt exactly once, and as the receipt says
SELECT 'halt ' || h.halt_id || ' ' || h.callback FROM halts h WHERE h.kind <> 'FRAME' AND (
  (json_extract(h.callback, '$.result') IN ('delivered', 'kept', 'not_awaited')) IS NOT
  nullif((SELECT count(*) FROM history x JOIN executions t ON t.root_id = h.root_id AND t.execution_id = h.execution_id
    WHERE x.root_id = h.root_id AND x.type = 'CHILD.HALTED' AND x.halt_id = h.halt_id AND x.tree_seq = h.tree_seq
    AND x.execution_id = CASE h.kind WHEN 'CHILDREN' THEN t.execution_id ELSE t.parent_id END),
    CASE WHEN h.callback IS NULL THEN 0 ELSE -1 END));

-- P4: a parent's history speaks of its child's halt exactly once, and as the receipt says
SELECT x.root_id || ' ' || x.execution_id || ' ' || x.seq FROM history x
LEFT JOIN halts h ON h.root_id = x.root_id AND h.halt_id = x.halt_id
WHERE x.type = 'CHILD.HALTED' AND (h.halt_id IS NULL
  OR json_extract(x.detail, '$.result') IS NOT json_extract(h.callback, '$.result'));

-- P5: what a halt delivered to a parent has arrived there
SELECT 'halt ' || h.halt_id FROM halts h JOIN executions t ON t.root_id = h.root_id AND t.execution_id = h.execution_id
WHERE json_extract(h.callback, '$.result') IN ('delivered', 'kept') AND t.map_run_id IS NULL AND NOT (h.kind = 'CHILDREN' AND EXISTS
  (SELECT 1 FROM map_runs m WHERE m.root_id = h.root_id AND m.execution_id = h.execution_id))
  AND NOT EXISTS (SELECT 1 FROM reservations r
  WHERE r.root_id = h.root_id AND r.type = 'CHILD' AND r.arrived_at = h.created_at AND r.execution_id =
    CASE h.kind WHEN 'CHILDREN' THEN t.execution_id ELSE t.parent_id END
    AND (h.kind = 'CHILDREN' OR r.child_id = h.execution_id));

-- P5: what a halt delivered to a parent has arrived there
SELECT 'halt ' || h.halt_id FROM halts h JOIN executions t ON t.root_id = h.root_id AND t.execution_id = h.execution_id
JOIN map_runs m ON m.root_id = t.root_id AND m.map_run_id = t.map_run_id
WHERE json_extract(h.callback, '$.result') IN ('delivered', 'kept') AND m.redrives = 0 AND NOT EXISTS (SELECT 1
  FROM map_items i WHERE i.root_id = m.root_id AND i.map_run_id = m.map_run_id AND i.item_index = t.map_index);

-- M1: a Map Run counts what has ended, and ends with its state
SELECT m.state || ' ' || m.name || ' ' || m.status FROM map_runs m
JOIN executions e USING (root_id, execution_id)
LEFT JOIN reservations r ON r.root_id = m.root_id AND r.execution_id = m.execution_id
  AND r.reservation_id = m.reservation_id AND r.status = 'FRESH'
WHERE (m.status = 'RUNNING') <> (r.reservation_id IS NOT NULL) OR (m.status = 'RUNNING') <> (m.ended_at IS NULL)
  OR m.begun > m.total OR m.succeeded + m.failed + m.timed_out + m.aborted > m.begun
  OR m.status = 'RUNNING' AND (m.succeeded + m.failed + m.timed_out + m.aborted <> (SELECT count(*) FROM map_items i
    WHERE i.root_id = m.root_id AND i.map_run_id = m.map_run_id)
  OR m.begun - m.succeeded - m.failed - m.timed_out - m.aborted <> (SELECT count(*) FROM executions c
    WHERE c.root_id = m.root_id AND c.map_run_id = m.map_run_id AND c.ended_at IS NULL
    AND c.parent_reservation_id = m.reservation_id AND NOT EXISTS (SELECT 1 FROM map_items i
      WHERE i.root_id = m.root_id AND i.map_run_id = m.map_run_id AND i.item_index = c.map_index)));

-- P6: inside a halted set nobody is told and nobody is woken
SELECT 'halt ' || i.halt_id || ' ' || x.seq FROM halt_items i
JOIN history x ON x.root_id = i.root_id AND x.execution_id = i.execution_id AND x.halt_id = i.halt_id
WHERE x.type = 'CHILD.HALTED';

-- P6: inside a halted set nobody is told and nobody is woken
SELECT 'halt ' || h.halt_id || ' granted ' || l.name FROM halt_locks l JOIN halts h USING (root_id, halt_id)
JOIN halt_items i ON i.root_id = l.granted_root_id AND i.halt_id = l.halt_id AND i.execution_id = l.granted_id;

-- R1: a receipt's counts are its rows
SELECT 'halt ' || h.halt_id FROM halts h
WHERE h.reservations <> (SELECT count(*) FROM reservations r JOIN halt_items i USING (root_id, halt_id, execution_id)
    WHERE r.root_id = h.root_id AND r.halt_id = h.halt_id)
  OR h.scheduled <> (SELECT count(r.due_at) FROM reservations r JOIN halt_items i USING (root_id, halt_id, execution_id)
    WHERE r.root_id = h.root_id AND r.halt_id = h.halt_id)
  OR h.locks <> (SELECT count(*) FROM halt_locks l WHERE l.root_id = h.root_id AND l.halt_id = h.halt_id)
  OR h.granted <> (SELECT count(l.granted_id) FROM halt_locks l WHERE l.root_id = h.root_id AND l.halt_id = h.halt_id)
  OR h.in_flight <> (SELECT count(*) FROM halt_in_flight f WHERE f.root_id = h.root_id AND f.halt_id = h.halt_id);

-- R1: a receipt's counts are its rows
SELECT 'halt ' || i.halt_id || ' ' || i.execution_id FROM halt_items i
WHERE 1 <> (SELECT count(*) FROM history x WHERE x.root_id = i.root_id AND x.execution_id = i.execution_id
    AND x.halt_id = i.halt_id AND x.type = 'RESERVATION.CLEANED')
  OR (SELECT count(*) FROM halt_locks l WHERE l.root_id = i.root_id AND l.halt_id = i.halt_id
    AND l.execution_id = i.execution_id) <> (SELECT count(*) FROM history x WHERE x.root_id = i.root_id
    AND x.execution_id = i.execution_id AND x.halt_id = i.halt_id AND x.type = 'LOCK.RELEASED');

-- R2: the target of a halt that says `halted` is in its receipt, and FRAME and CHILDREN spare it
SELECT 'halt ' || h.halt_id || ' ' || h.kind || ' ' || h.outcome FROM halts h
WHERE (h.outcome = 'halted') <> EXISTS (SELECT 1 FROM halt_items i WHERE i.root_id = h.root_id AND i.halt_id = h.halt_id
  AND i.execution_id = h.execution_id) OR h.executions < 1 OR h.outcome NOT IN ('halted', 'children_halted');

-- H1: a history is numbered from 1 without a gap, and so are its events of the language
SELECT e.plan_execution_id || ' ' || e.history_seq || ' ' || e.event_id FROM executions e
LEFT JOIN (SELECT root_id, execution_id, count(*) AS n, min(seq) AS first, max(seq) AS last, count(event_id) AS events,
    ifnull(max(event_id), 0) AS last_event, sum(event_id) AS total,
    sum(ifnull(previous_event_id >= event_id, 0)) AS backward
  FROM history GROUP BY root_id, execution_id) h USING (root_id, execution_id)
WHERE h.n IS NULL OR h.first <> 1 OR h.n <> h.last OR h.last <> e.history_seq OR h.events <> h.last_event
  OR h.last_event <> e.event_id OR h.total <> h.events * (h.events + 1) / 2 OR h.backward;

-- H1: a history is numbered from 1 without a gap, and so are its events of the language
SELECT h.root_id || ' ' || h.execution_id FROM history h LEFT JOIN executions e USING (root_id, execution_id)
WHERE e.execution_id IS NULL OR (h.seq = 1) <> (h.type = 'ExecutionStarted');

-- H2: the last turning point of a history is the status
SELECT e.plan_execution_id || ' is ' || e.status || ' after ' || ifnull(h.type, 'nothing') FROM executions e LEFT JOIN
  (SELECT root_id, execution_id, type, max(seq) FROM history WHERE type IN ('ExecutionSucceeded', 'ExecutionFailed',
    'ExecutionTimedOut', 'EXECUTION.HALTED', 'EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN')
    GROUP BY root_id, execution_id) h USING (root_id, execution_id)
WHERE CASE e.status WHEN 'SUCCESS' THEN h.type IS NOT 'ExecutionSucceeded'
  WHEN 'FAILED' THEN h.type IS NOT CASE e.timed_out WHEN 1 THEN 'ExecutionTimedOut' ELSE 'ExecutionFailed' END
  WHEN 'STOPPED' THEN h.type IS NOT 'EXECUTION.HALTED' ELSE h.type IS NOT NULL
  AND h.type NOT IN ('EXECUTION.RESTARTED', 'EXECUTION.REDRIVEN') END;

-- H2: the last turning point of a history is the status
SELECT root_id || ' ' || execution_id || ' ' || seq || ' after the end' FROM (SELECT *,
  max(CASE WHEN type IN ('ExecutionSucceeded', 'ExecutionFailed', 'ExecutionTimedOut') THEN tree_seq END) OVER (
    PARTITION BY root_id, execution_id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended,
  max(CASE WHEN type = 'EXECUTION.REDRIVEN' THEN tree_seq END) OVER (
    PARTITION BY root_id, execution_id ORDER BY seq) AS redriven FROM history)
WHERE ended <> tree_seq AND (redriven IS NULL OR redriven < ended);

-- H5: neither times nor the tree's order go back inside one history
SELECT root_id || ' ' || execution_id || ' ' || seq FROM (SELECT *,
  lag(time_at) OVER (PARTITION BY root_id, execution_id ORDER BY seq) AS time_before,
  lag(tree_seq) OVER (PARTITION BY root_id, execution_id ORDER BY seq) AS tree_before FROM history)
WHERE time_at < time_before OR tree_seq < tree_before;

-- H5: neither times nor the tree's order go back inside one history
SELECT 'tree ' || t.root_id FROM trees t WHERE t.seq < (SELECT max(tree_seq) FROM history h WHERE h.root_id = t.root_id);

-- Z1: exactly what waits for a restart has a row of its pause
SELECT ifnull(e.plan_execution_id, p.execution_id) FROM executions e
LEFT JOIN paused_executions p USING (root_id, execution_id)
WHERE (e.status = 'WAITING_FOR_RESTART') <> (p.execution_id IS NOT NULL) OR p.kind NOT IN ('PAUSED', 'FAILED');

-- Z1: exactly what waits for a restart has a row of its pause
SELECT p.execution_id FROM paused_executions p LEFT JOIN executions e USING (root_id, execution_id)
WHERE e.execution_id IS NULL;

-- Z2: what goes on, or may be redriven, stands in frames; what has ended well stands in none
SELECT e.plan_execution_id || ' ' || e.status FROM executions e
WHERE CASE WHEN e.status = 'SUCCESS' THEN EXISTS (SELECT 1 FROM frames f WHERE f.root_id = e.root_id
    AND f.execution_id = e.execution_id)
  WHEN e.status = 'FAILED' THEN EXISTS (SELECT 1 FROM frames f WHERE f.root_id = e.root_id
    AND f.execution_id = e.execution_id AND f.phase NOT IN ('FAILED', 'DONE', 'JOIN'))
  ELSE (e.frame_seq > 0) <> EXISTS (SELECT 1 FROM frames f WHERE f.root_id = e.root_id
    AND f.execution_id = e.execution_id AND f.frame_id = 1) END
  OR (e.frame_seq = 0 AND e.status NOT IN ('PENDING', 'WAITING_FOR_RESTART', 'STOPPED', 'FAILED'));

-- Z2: what goes on, or may be redriven, stands in frames; what has ended well stands in none
SELECT f.root_id || ' ' || f.execution_id || ' frame ' || f.frame_id FROM frames f
LEFT JOIN executions e USING (root_id, execution_id)
LEFT JOIN frames p ON p.root_id = f.root_id AND p.execution_id = f.execution_id AND p.frame_id = f.parent_frame_id
WHERE e.execution_id IS NULL OR f.frame_id > e.frame_seq OR (f.parent_frame_id IS NULL) <> (f.frame_id = 1)
  OR (f.parent_frame_id IS NOT NULL AND p.phase IS NOT 'JOIN');

-- Z2: what goes on, or may be redriven, stands in frames; what has ended well stands in none
SELECT r.execution_id || ' ' || r.type || ' of frame ' || r.frame_id FROM reservations r
LEFT JOIN frames f USING (root_id, execution_id, frame_id)
WHERE r.status = 'FRESH' AND r.frame_id <> 0 AND r.type <> 'TURN' AND (f.frame_id IS NULL OR f.phase <> 'WAIT')
  AND (SELECT status FROM executions e WHERE e.root_id = r.root_id AND e.execution_id = r.execution_id)
    NOT IN ('PENDING', 'WAITING_FOR_RESTART');

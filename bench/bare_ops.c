/*
 * bare_ops.c - the shortest statements that leave the rows which the server leaves, for each kind
 * of work.
 */
#include "bare_ops.h"

#include <string.h>

#include "base/check.h"

#define TREE_NEW                                                                                   \
    "INSERT INTO trees (root_id, operator_name, seq, executions) VALUES (:root, 'default', 1, 1)"
#define TREE_NEXT "UPDATE trees SET seq = seq + 1 WHERE root_id = :root"
#define NAMED                                                                                      \
    "INSERT INTO execution_ids (operator_name, plan_execution_id, root_id, execution_id)"          \
    " VALUES ('default', :name, :root, :root)"
#define EXECUTION(plan, status, state, seq, event, output, ended)                                  \
    "INSERT INTO executions (root_id, execution_id, operator_name, portal_id, plan_execution_id,"  \
    " plan_id, plan_version, status, last_state, epoch, depth, history_seq, event_id, frame_seq,"  \
    " busy_turns, hold_on_failure, start_digest, created_by, created_at, updated_at, ended_at,"    \
    " input, output) VALUES (:root, :root, 'default', 'unknown', :name, '" plan "', 1, '" status   \
    "', '" state "', 1, 0, " seq ", " event ", 1, 0, 0, :digest, 'local', :now, :now, " ended      \
    ", '{\"order\":1}', " output ")"
#define FRAME(state, entered, last)                                                                \
    "INSERT INTO frames (root_id, execution_id, frame_id, operator_name, branch, state, phase,"    \
    " entered_event, last_event, data) VALUES (:root, :root, 1, 'default', 0, '" state             \
    "', 'WAIT', " entered ", " last ", '{\"order\":1}')"
#define RESERVATION(id, type, state, due, queue, ready, data)                                      \
    "INSERT INTO reservations (root_id, execution_id, reservation_id, operator_name, frame_id,"    \
    " type, status, epoch, state, due_at, queue, ready, attempt, created_at, data) VALUES (:root," \
    " :root, " id ", 'default', 1, '" type "', 'FRESH', 1, '" state "', " due ", " queue           \
    ", " ready ", 0, :now, " data ")"
#define HISTORY                                                                                    \
    "INSERT INTO history (root_id, execution_id, seq, operator_name, tree_seq, time_at, type,"     \
    " event_id, previous_event_id, detail) VALUES "
#define EVENT(seq, tree, type, event, previous, detail)                                            \
    HISTORY "(:root, :root, " seq ", 'default', " tree ", :now, '" type "', " event ", " previous  \
            ", '" detail "')"
#define STARTED(plan)                                                                              \
    EVENT("1", "1", "ExecutionStarted", "1", "0",                                                  \
          "{\"input\":{\"order\":1},\"plan_id\":\"" plan "\",\"plan_version\":1}")
#define ENTERED(seq, tree, type, event, previous, state, value)                                    \
    EVENT(seq, tree, type "StateEntered", event, previous,                                         \
          "{\"name\":\"" state "\",\"input\":" value "}")
#define EXITED(seq, tree, type, event, previous, state, value)                                     \
    EVENT(seq, tree, type "StateExited", event, previous,                                          \
          "{\"name\":\"" state "\",\"output\":" value "}")
#define SUCCEEDED(seq, tree, event, previous, value)                                               \
    EVENT(seq, tree, "ExecutionSucceeded", event, previous, "{\"output\":" value "}")
#define ORDER "{\"order\":1}"
#define OK "{\"ok\":true}"
#define ITEMS                                                                                      \
    " WHERE root_id = :root AND execution_id IN"                                                   \
    " (SELECT execution_id FROM halt_items WHERE root_id = :root AND halt_id = :halt)"
#define HALT_HISTORY                                                                               \
    "INSERT INTO history (root_id, execution_id, seq, operator_name, tree_seq, time_at, type,"     \
    " halt_id, detail) "
#define HALT(children)                                                                             \
    "INSERT INTO halts (root_id, halt_id, operator_name, portal_id, subject, execution_id, kind,"  \
    " children, outcome, reason, tree_seq, created_at, executions, reservations, scheduled, "      \
    "locks,"                                                                                       \
    " granted, in_flight, unused, anomalies) VALUES (:root, :halt, 'default', 'unknown', 'local'," \
    " :root, 'EXECUTION', '" children                                                              \
    "', 'halted', 'bench', 2, :now, 1, 1, 1, 0, 0, 0, '[]', '[]')"
/* Numbers and values of a round, spliced into the texts of the events above. */
#define LOOP(first) "(" #first " + 4 * :round)"
#define COUNT(plus) "{\"n\":' || (:round + " #plus ") || '}"
#define COUNTED "' || (:round + 1) || '"
#define ITERATION "{\"name\":\"Map\",\"index\":' || :round || '}"
#define LIST "' || :items || '"
#define TURN_USED                                                                                  \
    "UPDATE reservations SET status = 'USED', settled_at = :now WHERE root_id = :root"             \
    " AND execution_id = :root AND reservation_id = :claim"
#define MAP_RUN                                                                                    \
    "INSERT INTO map_runs (root_id, map_run_id, operator_name, execution_id, frame_id,"            \
    " reservation_id, plan_id, state, label, name, status, created_at, ended_at, max_concurrency," \
    " tolerated_count, tolerated_percentage, batched, item_count, total, begun, succeeded,"        \
    " failed, timed_out, aborted, woken, items) VALUES (:root, :beat, 'default', :root, 1,"        \
    " :claim, 'map_run', 'Map', hex(randomblob(18)), hex(randomblob(18)), 'SUCCEEDED', :now,"      \
    " :now, 0, -1, -1, 0, 1000, 1000, 1000, 1000, 0, 0, 0, 0, :items)"
#define CHILD_NAMED                                                                                \
    "INSERT INTO execution_ids (operator_name, plan_execution_id, root_id, execution_id)"          \
    " VALUES ('default', 'map_run/' || hex(randomblob(36)), :root, :beat + 1 + :round)"
#define CHILD                                                                                      \
    "INSERT INTO executions (root_id, execution_id, operator_name, portal_id, plan_execution_id,"  \
    " plan_id, plan_version, status, last_state, epoch, parent_id, parent_reservation_id, depth,"  \
    " history_seq, event_id, frame_seq, busy_turns, hold_on_failure, created_by, created_at,"      \
    " updated_at, ended_at, input, output, map_run_id, map_state, map_index) VALUES (:root,"       \
    " :beat + 1 + :round, 'default', 'unknown', 'map_run/' || hex(randomblob(36)), 'map_run', 1,"  \
    " 'SUCCESS', 'Do', 1, :root, :claim, 1, 4, 4, 1, 0, 0, 'local', :now, :now, :now,"             \
    " :round + 1, :round + 1, :beat, 'Map', :round)"
#define CHILD_START                                                                                \
    "INSERT INTO reservations (root_id, execution_id, reservation_id, operator_name, frame_id,"    \
    " type, status, epoch, ready, attempt, created_at, settled_at) VALUES (:root,"                 \
    " :beat + 1 + :round, :beat + 2001 + :round, 'default', 0, 'START', 'USED', 1, 0, 0, :now,"    \
    " :now)"
#define CHILD_HISTORY                                                                              \
    HISTORY "(:root, :beat + 1 + :round, 1, 'default', 1, :now, 'ExecutionStarted', 1, 0,"         \
            " '{\"input\":" COUNTED ",\"plan_id\":\"map_run\",\"plan_version\":1}'),"              \
            "(:root, :beat + 1 + :round, 2, 'default', 2, :now, 'PassStateEntered', 2, 0,"         \
            " '{\"name\":\"Do\",\"input\":" COUNTED "}'),"                                         \
            "(:root, :beat + 1 + :round, 3, 'default', 2, :now, 'PassStateExited', 3, 2,"          \
            " '{\"name\":\"Do\",\"output\":" COUNTED "}'),"                                        \
            "(:root, :beat + 1 + :round, 4, 'default', 2, :now, 'ExecutionSucceeded', 4, 3,"       \
            " '{\"output\":" COUNTED "}')"
#define CHILD_DONE                                                                                 \
    "INSERT INTO map_items (root_id, map_run_id, item_index, operator_name, status, items,"        \
    " output) VALUES (:root, :beat, :round, 'default', 'SUCCEEDED', 1, :round + 1)"

/* clang-format off */
static const struct bare_op ops[] = {
    {"start", "w-", true, 0,
     {{TREE_NEW, NAMED, EXECUTION("wait", "WAITING_FOR_TIMER", "Wait", "2", "2", "NULL", "NULL"),
       FRAME("Wait", "2", "2"), RESERVATION(":claim", "TIMER", "Wait", ":due", "NULL", "0", "NULL"),
       STARTED("wait"), ENTERED("2", "1", "Wait", "2", "0", "Wait", ORDER)}}},
    {"pass", "p-", true, 0,
     {{TREE_NEW, NAMED, EXECUTION("pass", "SUCCESS", "C", "8", "8", "'" ORDER "'", ":now"),
       STARTED("pass"), ENTERED("2", "1", "Pass", "2", "0", "A", ORDER),
       EXITED("3", "1", "Pass", "3", "2", "A", ORDER),
       ENTERED("4", "1", "Pass", "4", "3", "B", ORDER),
       EXITED("5", "1", "Pass", "5", "4", "B", ORDER),
       ENTERED("6", "1", "Pass", "6", "5", "C", ORDER),
       EXITED("7", "1", "Pass", "7", "6", "C", ORDER), SUCCEEDED("8", "1", "8", "7", ORDER)}}},
    {"flow", "f-", true, 0,
     {{TREE_NEW, NAMED, EXECUTION("work", "EXECUTING", "B", "5", "5", "NULL", "NULL"),
       FRAME("B", "4", "5"),
       RESERVATION(":claim", "TASK", "B", "NULL", "'bench'", "1", "'" ORDER "'"), STARTED("work"),
       ENTERED("2", "1", "Pass", "2", "0", "A", ORDER),
       EXITED("3", "1", "Pass", "3", "2", "A", ORDER),
       ENTERED("4", "1", "Task", "4", "3", "B", ORDER),
       EVENT("5", "1", "TaskScheduled", "5", "4",
             "{\"resource\":\"fermata:task:bench\",\"parameters\":{\"order\":1}}")},
      {TREE_NEXT,
       "UPDATE reservations SET ready = 0, attempt = 1, worker = 'w1', lease_until = :due,"
       " lease_ms = 30000, token_hash = randomblob(32) WHERE root_id = :root"
       " AND execution_id = :root AND reservation_id = :claim",
       RESERVATION(":beat", "HEARTBEAT", "B", ":due", "NULL", "0", "NULL"),
       "UPDATE executions SET history_seq = 6 WHERE root_id = :root AND execution_id = :root",
       EVENT("6", "2", "TASK.STARTED", "NULL", "NULL",
             "{\"worker\":\"w1\",\"task\":\"bench\",\"attempt\":1}")},
      {TREE_NEXT,
       "UPDATE reservations SET status = 'USED', settled_at = :now, answer_hash = :digest,"
       " data = NULL WHERE root_id = :root AND execution_id = :root AND reservation_id = :claim",
       "UPDATE reservations SET status = 'STALE', settled_at = :now WHERE root_id = :root"
       " AND execution_id = :root AND reservation_id = :beat",
       "UPDATE executions SET status = 'SUCCESS', last_state = 'C', history_seq = 11,"
       " event_id = 10, updated_at = :now, ended_at = :now, output = '" OK "'"
       " WHERE root_id = :root AND execution_id = :root",
       "DELETE FROM frames WHERE root_id = :root AND execution_id = :root AND frame_id = 1",
       EVENT("7", "3", "TaskSucceeded", "6", "5",
             "{\"resource\":\"fermata:task:bench\",\"output\":" OK "}"),
       EXITED("8", "3", "Task", "7", "6", "B", OK), ENTERED("9", "3", "Pass", "8", "7", "C", OK),
       EXITED("10", "3", "Pass", "9", "8", "C", OK), SUCCEEDED("11", "3", "10", "9", OK)}}},
    /* A counter to 200: begin, then 200 rounds of add and compare, then the end. */
    {"loop", "l-", true, 200,
     {{TREE_NEW, NAMED, EXECUTION("loop", "SUCCESS", "End", "806", "806", "'{\"n\":200}'", ":now"),
       STARTED("loop"), ENTERED("2", "1", "Pass", "2", "0", "Begin", ORDER),
       EXITED("3", "1", "Pass", "3", "2", "Begin", "{\"n\":0}"),
       ENTERED(LOOP(4), "1", "Pass", LOOP(4), LOOP(3), "Add", COUNT(0)),
       EXITED(LOOP(5), "1", "Pass", LOOP(5), LOOP(4), "Add", COUNT(1)),
       ENTERED(LOOP(6), "1", "Choice", LOOP(6), LOOP(5), "More", COUNT(1)),
       EXITED(LOOP(7), "1", "Choice", LOOP(7), LOOP(6), "More", COUNT(1)),
       RESERVATION(":claim", "TURN", "Add", ":now", "NULL", "0", "NULL"), TURN_USED,
       ENTERED("804", "2", "Succeed", "804", "803", "End", "{\"n\":200}"),
       EXITED("805", "2", "Succeed", "805", "804", "End", "{\"n\":200}"),
       SUCCEEDED("806", "2", "806", "805", "{\"n\":200}")}}},
    {"map", "m-", true, 1000,
     {{TREE_NEW, NAMED, EXECUTION("map", "SUCCESS", "Map", "4008", "4008", ":items", ":now"),
       STARTED("map"), ENTERED("2", "1", "Pass", "2", "0", "Items", ORDER),
       EXITED("3", "1", "Pass", "3", "2", "Items", LIST),
       ENTERED("4", "1", "Map", "4", "3", "Map", LIST),
       EVENT("5", "1", "MapStateStarted", "5", "4", "{\"length\":1000}"),
       EVENT(LOOP(6), "1", "MapIterationStarted", LOOP(6), "5", ITERATION),
       ENTERED(LOOP(7), "1", "Pass", LOOP(7), LOOP(6), "Do", COUNTED),
       EXITED(LOOP(8), "1", "Pass", LOOP(8), LOOP(7), "Do", COUNTED),
       EVENT(LOOP(9), "1", "MapIterationSucceeded", LOOP(9), LOOP(8), ITERATION),
       EVENT("4006", "2", "MapStateSucceeded", "4006", "4005", "{}"),
       EXITED("4007", "2", "Map", "4007", "4005", "Map", LIST),
       SUCCEEDED("4008", "2", "4008", "4007", LIST)}}},
    /* Each item is an execution of its own, with a history of its own. */
    {"map_run", "d-", true, 1000,
     {{TREE_NEW, NAMED, EXECUTION("map_run", "SUCCESS", "Map", "10", "10", ":items", ":now"),
       STARTED("map_run"), ENTERED("2", "1", "Pass", "2", "0", "Items", ORDER),
       EXITED("3", "1", "Pass", "3", "2", "Items", LIST),
       ENTERED("4", "1", "Map", "4", "3", "Map", LIST),
       EVENT("5", "1", "MapStateStarted", "5", "4", "{\"length\":1000}"),
       EVENT("6", "1", "MapRunStarted", "6", "5", "{}"), MAP_RUN,
       RESERVATION(":claim", "MAP_RUN", "Map", "NULL", "NULL", "0", "NULL"), TURN_USED,
       CHILD_NAMED, CHILD, CHILD_START, CHILD_HISTORY, CHILD_DONE,
       EVENT("7", "2", "MapRunSucceeded", "7", "6", "{}"),
       EVENT("8", "2", "MapStateSucceeded", "8", "7", "{}"),
       EXITED("9", "2", "Map", "9", "7", "Map", LIST), SUCCEEDED("10", "2", "10", "9", LIST)}}},
    {"halt", "w-", false, 0,
     {{TREE_NEXT,
       "INSERT INTO halt_items (root_id, halt_id, depth, execution_id, operator_name,"
       " previous_status, last_state, epoch) VALUES (:root, :halt, 0, :root, 'default',"
       " 'WAITING_FOR_TIMER', 'Wait', 1)",
       "UPDATE executions SET status = 'STOPPED', epoch = epoch + 1, halt_id = :halt,"
       " history_seq = history_seq + 2, updated_at = :now, ended_at = :now"
       " WHERE root_id = :root AND execution_id = :root AND status = 'WAITING_FOR_TIMER'",
       "UPDATE reservations SET status = 'STALE', settled_at = :now, halt_id = :halt"
       " WHERE root_id = :root AND execution_id = :root AND status = 'FRESH'",
       HALT_HISTORY "VALUES (:root, :root, 3, 'default', 2, :now, 'EXECUTION.HALTED', :halt,"
                    " '{\"previous_status\":\"WAITING_FOR_TIMER\"}')",
       HALT_HISTORY
       "VALUES (:root, :root, 4, 'default', 2, :now, 'RESERVATION.CLEANED', :halt, '{}')",
       HALT("none")}}},
    {"tree", "t-", false, 0,
     {{TREE_NEXT,
       "INSERT INTO halt_items (root_id, halt_id, depth, execution_id, operator_name,"
       " previous_status, last_state, epoch) WITH RECURSIVE below (execution_id, depth) AS"
       " (SELECT :root, 0 UNION ALL SELECT c.execution_id, b.depth + 1 FROM below b"
       " JOIN executions c ON c.root_id = :root AND c.parent_id = b.execution_id)"
       " SELECT e.root_id, :halt, b.depth, e.execution_id, e.operator_name, e.status,"
       " e.last_state, e.epoch FROM below b JOIN executions e ON e.root_id = :root"
       " AND e.execution_id = b.execution_id WHERE e.ended_at IS NULL",
       HALT_HISTORY
       "SELECT i.root_id, i.execution_id, e.history_seq + k.n, i.operator_name, 2, :now, k.type,"
       " :halt, CASE k.n WHEN 1 THEN '{\"previous_status\":\"' || i.previous_status || '\"}'"
       " ELSE '{}' END FROM halt_items i JOIN executions e ON e.root_id = :root"
       " AND e.execution_id = i.execution_id CROSS JOIN (SELECT 1 AS n, 'EXECUTION.HALTED' AS type"
       " UNION ALL SELECT 2, 'RESERVATION.CLEANED') k WHERE i.root_id = :root AND i.halt_id = :halt",
       "UPDATE executions SET status = 'STOPPED', epoch = epoch + 1, halt_id = :halt,"
       " history_seq = history_seq + 2, updated_at = :now, ended_at = :now" ITEMS,
       "UPDATE reservations SET status = 'STALE', settled_at = :now, halt_id = :halt, ready = 0"
       ITEMS " AND status = 'FRESH'",
       HALT("all")}}},
};
/* clang-format on */

const struct bare_op *bare_op_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    }
    return NULL;
}

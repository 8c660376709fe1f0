#!/bin/sh
# test_awscli.sh - Debian's AWS command line drives a real server; serving.py starts it around this script.
set -eu

if [ -z "${ENDPOINT:-}" ]; then
    [ -x /usr/bin/aws ] || {
        echo "skipped: awscli is not installed"
        exit 77
    }
    exec /usr/bin/python3 "$(dirname "$0")/serving.py" "$0"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ROLE=arn:aws:iam::123456789012:role/worker
tests=0

sfn() {
    /usr/bin/aws stepfunctions --endpoint-url "$ENDPOINT" --output text "$@"
}

fail() {
    echo "not ok - $1"
    exit 1
}

is() { # is NAME GOT WANTED
    tests=$((tests + 1))
    [ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
    echo "ok $tests - $1"
}

refused() { # refused CODE COMMAND ...: the client prints the code and fails
    code=$1
    shift
    if sfn "$@" >"$work/out" 2>&1; then fail "$*: it was not refused"; fi
    grep -q "An error occurred ($code)" "$work/out" || fail "$*: no $code in: $(cat "$work/out")"
    tests=$((tests + 1))
    echo "ok $tests - $1 is refused with $code"
}

ended() { # waits for the end of an execution, prints its status
    for _ in $(seq 100); do
        status=$(sfn describe-execution --execution-arn "$1" --query status)
        [ "$status" = RUNNING ] || break
        sleep 0.1
    done
    echo "$status"
}

cat >"$work/pass.json" <<'END'
{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"b": 1}, "End": true}}}
END
cat >"$work/wait.json" <<'END'
{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": true}}}
END

machine=$(sfn create-state-machine --name pass --definition "file://$work/pass.json" --role-arn "$ROLE" \
    --query stateMachineArn)
is 'the definition comes back' \
    "$(sfn describe-state-machine --state-machine-arn "$machine" --query definition)" "$(cat "$work/pass.json")"
is 'the machine is listed' "$(sfn list-state-machines --query 'stateMachines[].name')" pass

execution=$(sfn start-execution --state-machine-arn "$machine" --name first --input '{"a": 1}' --query executionArn)
is 'an execution succeeds' "$(ended "$execution")" SUCCEEDED
is 'its output' "$(sfn describe-execution --execution-arn "$execution" --query output)" '{"b":1}'
is 'its history, in pages of one' "$(sfn get-execution-history --execution-arn "$execution" --page-size 1 \
    --query 'events[].type' | tr -s '\t\n' '  ' | sed 's/ $//')" \
    'ExecutionStarted PassStateEntered PassStateExited ExecutionSucceeded'
is 'it is listed' "$(sfn list-executions --state-machine-arn "$machine" --status-filter SUCCEEDED \
    --query 'executions[].name')" first

waiting=$(sfn create-state-machine --name wait --definition "file://$work/wait.json" --role-arn "$ROLE" \
    --query stateMachineArn)
execution=$(sfn start-execution --state-machine-arn "$waiting" --query executionArn)
is 'a waiting execution runs' "$(sfn describe-execution --execution-arn "$execution" --query status)" RUNNING
sfn stop-execution --execution-arn "$execution" --error Enough --cause 'by hand' >/dev/null
is 'a stop aborts it' "$(ended "$execution")" ABORTED

activity=$(sfn create-activity --name act --query activityArn)
cat >"$work/task.json" <<END
{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "$activity", "End": true}}}
END
worked=$(sfn create-state-machine --name task --definition "file://$work/task.json" --role-arn "$ROLE" \
    --query stateMachineArn)
execution=$(sfn start-execution --state-machine-arn "$worked" --query executionArn)
token=$(sfn get-activity-task --activity-arn "$activity" --query taskToken)
sfn send-task-success --task-token "$token" --task-output '{"done":true}'
is 'a worker ends its task' "$(ended "$execution")" SUCCEEDED
is "the task's output" "$(sfn describe-execution --execution-arn "$execution" --query output)" '{"done":true}'
refused TaskTimedOut send-task-success --task-token "$token" --task-output '{}'
sfn delete-activity --activity-arn "$activity"

sfn tag-resource --resource-arn "$machine" --tags key=team,value=red
is 'a tag' "$(sfn list-tags-for-resource --resource-arn "$machine" --query 'tags[0].value')" red
refused StateMachineDoesNotExist describe-state-machine --state-machine-arn "$machine-not"
refused InvalidArn describe-state-machine --state-machine-arn none
refused InvalidDefinition create-state-machine --name bad --definition '{}' --role-arn "$ROLE"
sfn delete-state-machine --state-machine-arn "$machine"

export AWS_SECRET_ACCESS_KEY=wrong
refused InvalidSignatureException list-activities
export AWS_ACCESS_KEY_ID=AKIAAAAAAAAAAAAAAAAA
refused UnrecognizedClientException list-activities
echo "1..$tests"

// test_executions.mjs - executions: started, described, listed, stopped, redriven; their history page by page.
import * as sfn from '@aws-sdk/client-sfn';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { failMachine, freshName, machine, passMachine, taskMachine, useServer, waitMachine } from './suite.mjs';

const suite = useServer();

describe('an execution', () => {
  test('runs to its end and is described', async () => {
    const stateMachineArn = await suite.machine(passMachine({ answer: 42 }));
    const started = await suite.api('start_execution', { stateMachineArn, name: 'first', input: '{"a": 1}' });
    assert.equal(started.executionArn, `${stateMachineArn.replace(':stateMachine:', ':execution:')}:first`);
    assert.ok(started.startDate instanceof Date);
    const shown = await suite.ended(started.executionArn);
    assert.deepEqual(
      [shown.status, shown.name, shown.stateMachineArn, JSON.parse(shown.output), JSON.parse(shown.input)],
      ['SUCCEEDED', 'first', stateMachineArn, { answer: 42 }, { a: 1 }],
    );
    assert.deepEqual([shown.inputDetails, shown.outputDetails], [{ included: true }, { included: true }]);
    assert.deepEqual([shown.redriveCount, shown.redriveStatus], [0, 'NOT_REDRIVABLE']);
    assert.ok(shown.stopDate >= shown.startDate);
    assert.equal(shown.error, undefined);
  });

  test('without a name gets one, without an input gets {}', async () => {
    const executionArn = await suite.start(await suite.machine(passMachine()));
    const shown = await suite.ended(executionArn);
    assert.match(shown.name, /^[0-9a-f-]{36}$/);
    assert.deepEqual([shown.input, shown.output], ['{}', '{}']);
  });

  test('is started once for one name and input while it runs', async () => {
    const stateMachineArn = await suite.machine(waitMachine());
    const params = { stateMachineArn, name: 'once', input: '{"a":1}' };
    const first = await suite.api('start_execution', params);
    const again = await suite.api('start_execution', params);
    assert.deepEqual([again.executionArn, again.startDate], [first.executionArn, first.startDate]);
    const other = { ...params, input: '{"a":2}' };
    const error = await suite.refused(sfn.ExecutionAlreadyExists, 'start_execution', other);
    assert.equal(error.message, `Execution Already Exists: '${first.executionArn}'`);
    await suite.api('stop_execution', { executionArn: first.executionArn });
    await suite.ended(first.executionArn);
    await suite.refused(sfn.ExecutionAlreadyExists, 'start_execution', params);
  });

  test('with a bad input or name is refused', async () => {
    const stateMachineArn = await suite.machine(passMachine());
    for (const input of ['no json', '{', "{'a': 1}"]) {
      await suite.refused(sfn.InvalidExecutionInput, 'start_execution', { stateMachineArn, input });
    }
    await suite.refused(sfn.InvalidName, 'start_execution', { stateMachineArn, name: 'a b' });
    const input = JSON.stringify('x'.repeat(262144));
    const error = await suite.api('start_execution', { stateMachineArn, input }).catch((thrown) => thrown);
    assert.ok(['ValidationException', 'InvalidExecutionInput'].includes(error.name), error.name);
  });

  test('fails with error and cause', async () => {
    const shown = await suite.ended(await suite.start(await suite.machine(failMachine('No.Luck', 'rain'))));
    assert.deepEqual([shown.status, shown.error, shown.cause, shown.output], ['FAILED', 'No.Luck', 'rain', undefined]);
    assert.equal(shown.redriveStatus, 'REDRIVABLE');
  });

  test('runs out of time', async () => {
    const definition = { ...waitMachine(), TimeoutSeconds: 1 };
    const executionArn = await suite.start(await suite.machine(definition));
    const shown = await suite.ended(executionArn);
    assert.equal(shown.status, 'TIMED_OUT');
    assert.equal((await suite.types(executionArn)).at(-1), 'ExecutionTimedOut');
  });

  test('that is none, or no ARN, is said to be so', async () => {
    const known = await suite.start(await suite.machine(passMachine()));
    const executionArn = `${known}-not`;
    for (const action of ['describe_execution', 'get_execution_history', 'stop_execution', 'redrive_execution']) {
      const error = await suite.refused(sfn.ExecutionDoesNotExist, action, { executionArn });
      assert.equal(error.message, `Execution Does Not Exist: '${executionArn}'`);
      await suite.refused(sfn.InvalidArn, action, { executionArn: 'no arn' });
    }
  });
});

describe('stopping', () => {
  test('ends it with what was given, once', async () => {
    const executionArn = await suite.start(await suite.machine(waitMachine()));
    assert.equal((await suite.describe(executionArn)).status, 'RUNNING');
    const stopped = await suite.api('stop_execution', { executionArn, error: 'Enough', cause: 'by hand' });
    assert.ok(stopped.stopDate instanceof Date);
    const shown = await suite.describe(executionArn);
    assert.deepEqual([shown.status, shown.error, shown.cause], ['ABORTED', 'Enough', 'by hand']);
    const last = (await suite.events(executionArn)).at(-1);
    assert.equal(last.type, 'ExecutionAborted');
    assert.deepEqual(last.executionAbortedEventDetails, { error: 'Enough', cause: 'by hand' });
    await suite.api('stop_execution', { executionArn, error: 'Again' });
    assert.equal((await suite.describe(executionArn)).error, 'Enough');
    assert.equal((await suite.types(executionArn)).filter((type) => type === 'ExecutionAborted').length, 1);
  });

  test('without error and cause leaves both out', async () => {
    const executionArn = await suite.start(await suite.machine(waitMachine()));
    await suite.api('stop_execution', { executionArn });
    const shown = await suite.describe(executionArn);
    assert.deepEqual([shown.status, 'error' in shown, 'cause' in shown], ['ABORTED', false, false]);
  });

  test('stops the children that it waits for', async () => {
    const child = await suite.machine(waitMachine());
    const Parameters = { StateMachineArn: child, Input: {} };
    const parent = await suite.machine(taskMachine('arn:aws:states:::states:startExecution.sync:2', { Parameters }));
    const executionArn = await suite.start(parent, {});
    const running = await suite.until(async () => {
      const { executions } = await suite.api('list_executions', { stateMachineArn: child });
      return executions[0];
    }, 'the child');
    await suite.api('stop_execution', { executionArn });
    assert.equal((await suite.ended(running.executionArn)).status, 'ABORTED');
    assert.equal((await suite.describe(executionArn)).status, 'ABORTED');
  });
});

describe('redriving', () => {
  test('goes on where it failed, in the same execution', async () => {
    const activityArn = await suite.activity();
    const states = {
      Before: { Type: 'Pass', Next: 'Task' },
      Task: { Type: 'Task', Resource: activityArn, End: true },
    };
    const executionArn = await suite.start(await suite.machine(machine('Before', states)), { n: 7 });
    const { taskToken } = await suite.task(activityArn);
    await suite.api('send_task_failure', { taskToken, error: 'Broken', cause: 'wire' });
    assert.equal((await suite.ended(executionArn)).status, 'FAILED');

    const redriven = await suite.api('redrive_execution', { executionArn, clientToken: 'token-1' });
    assert.ok(redriven.redriveDate instanceof Date);
    const again = await suite.api('redrive_execution', { executionArn, clientToken: 'token-1' });
    assert.deepEqual(again.redriveDate, redriven.redriveDate);
    const running = await suite.describe(executionArn);
    assert.deepEqual([running.status, running.redriveCount], ['RUNNING', 1]);
    assert.deepEqual(running.redriveDate, redriven.redriveDate);

    const second = await suite.task(activityArn);
    assert.deepEqual(JSON.parse(second.input), { n: 7 });
    await suite.api('send_task_success', { taskToken: second.taskToken, output: '"repaired"' });
    const shown = await suite.ended(executionArn);
    assert.deepEqual([shown.status, shown.output, shown.redriveCount], ['SUCCEEDED', '"repaired"', 1]);
    const types = await suite.types(executionArn);
    assert.deepEqual(types.slice(types.indexOf('ExecutionFailed'), types.indexOf('ExecutionFailed') + 2), [
      'ExecutionFailed',
      'ExecutionRedriven',
    ]);
    assert.equal(types.filter((type) => type === 'PassStateEntered').length, 1);
  });

  test('of one that has succeeded, or runs, is refused', async () => {
    const succeeded = await suite.start(await suite.machine(passMachine()));
    await suite.ended(succeeded);
    await suite.refused(sfn.ExecutionNotRedrivable, 'redrive_execution', { executionArn: succeeded });
    const running = await suite.start(await suite.machine(waitMachine()));
    await suite.refused(sfn.ExecutionNotRedrivable, 'redrive_execution', { executionArn: running });
    await suite.api('stop_execution', { executionArn: running });
  });
});

describe('a history', () => {
  const states = {
    A: { Type: 'Pass', Next: 'B' },
    B: { Type: 'Pass', Result: { b: 1 }, Next: 'C' },
    C: { Type: 'Succeed' },
  };

  test('is what AWS writes', async () => {
    const executionArn = await suite.start(await suite.machine(machine('A', states)), { a: 1 });
    await suite.ended(executionArn);
    const events = await suite.events(executionArn);
    assert.deepEqual(
      events.map(({ id, previousEventId, type }) => `${id}<${previousEventId} ${type}`),
      [
        ...['1<0 ExecutionStarted', '2<0 PassStateEntered', '3<2 PassStateExited', '4<3 PassStateEntered'],
        ...['5<4 PassStateExited', '6<5 SucceedStateEntered', '7<6 SucceedStateExited', '8<7 ExecutionSucceeded'],
      ],
    );
    assert.ok(events.every((event) => event.timestamp instanceof Date));
    assert.deepEqual(events[1].stateEnteredEventDetails, {
      name: 'A',
      input: '{"a":1}',
      inputDetails: { truncated: false },
    });
    assert.deepEqual(JSON.parse(events[4].stateExitedEventDetails.output), { b: 1 });
  });

  test('comes in pages, forwards and backwards', async () => {
    const executionArn = await suite.start(await suite.machine(machine('A', states)), {});
    await suite.ended(executionArn);
    for (const reverseOrder of [false, true]) {
      const ids = [];
      const config = { client: suite.client, pageSize: 3 };
      for await (const page of sfn.paginateGetExecutionHistory(config, { executionArn, reverseOrder })) {
        assert.ok(page.events.length <= 3);
        ids.push(...page.events.map((event) => event.id));
      }
      const forwards = [1, 2, 3, 4, 5, 6, 7, 8];
      assert.deepEqual(ids, reverseOrder ? forwards.reverse() : forwards);
    }
  });

  test('leaves the data out when asked to', async () => {
    const executionArn = await suite.start(await suite.machine(machine('A', states)), { secret: 1 });
    await suite.ended(executionArn);
    const params = { executionArn, includeExecutionData: false };
    const { events } = await suite.api('get_execution_history', params);
    assert.ok(!JSON.stringify(events).includes('secret'));
    assert.equal(events.length, 8);
  });

  test('refuses a token that was never given', async () => {
    const executionArn = await suite.start(await suite.machine(passMachine()));
    await suite.refused(sfn.InvalidToken, 'get_execution_history', { executionArn, nextToken: 'never given' });
  });
});

describe('the list of executions', () => {
  test('is newest first, filtered by status, in pages', async () => {
    const stateMachineArn = await suite.machine(passMachine());
    const names = [];
    for (let index = 0; index < 5; index++) {
      names.push(freshName('run'));
      await suite.ended(await suite.start(stateMachineArn, {}, { name: names.at(-1) }));
    }
    const seen = [];
    const config = { client: suite.client, pageSize: 2 };
    for await (const page of sfn.paginateListExecutions(config, { stateMachineArn, statusFilter: 'SUCCEEDED' })) {
      assert.ok(page.executions.length <= 2);
      seen.push(...page.executions);
    }
    assert.deepEqual(
      seen.map((one) => one.name),
      names.reverse(),
    );
    assert.ok(seen.every((one) => one.status === 'SUCCEEDED' && one.stopDate instanceof Date));
    const running = await suite.api('list_executions', { stateMachineArn, statusFilter: 'RUNNING' });
    assert.deepEqual(running.executions, []);
    await suite.refused('ValidationException', 'list_executions', { stateMachineArn, statusFilter: 'done' });
    await suite.refused(sfn.InvalidToken, 'list_executions', { stateMachineArn, nextToken: 'never given' });
  });
});

// test_activities.mjs - activities and task tokens: polled, answered, timed out, and dead after a stop.
import * as sfn from '@aws-sdk/client-sfn';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { freshName, taskMachine, useServer } from './suite.mjs';

const suite = useServer();

/** An execution whose only Task waits for a worker. */
async function waiting(more = {}, input = { n: 1 }) {
  const activityArn = await suite.activity();
  const executionArn = await suite.start(await suite.machine(taskMachine(activityArn, more)), input);
  return { activityArn, executionArn };
}

describe('an activity', () => {
  test('is made once, described, listed, deleted', async () => {
    const name = freshName('activity');
    const made = await suite.api('create_activity', { name });
    const { activityArn } = made;
    assert.match(activityArn, new RegExp(`^arn:aws:states:us-east-1:\\d{12}:activity:${name}$`));
    assert.equal((await suite.api('create_activity', { name })).activityArn, activityArn);
    const shown = await suite.api('describe_activity', { activityArn });
    assert.deepEqual([shown.name, shown.creationDate], [name, made.creationDate]);
    const arns = [];
    for await (const page of sfn.paginateListActivities({ client: suite.client, pageSize: 2 }, {})) {
      arns.push(...page.activities.map((one) => one.activityArn));
    }
    assert.equal(arns.filter((arn) => arn === activityArn).length, 1);
    await suite.api('delete_activity', { activityArn });
    await suite.api('delete_activity', { activityArn });
    const error = await suite.refused(sfn.ActivityDoesNotExist, 'describe_activity', { activityArn });
    assert.equal(error.message, `Activity Does Not Exist: '${activityArn}'`);
    await suite.refused(sfn.ActivityDoesNotExist, 'get_activity_task', { activityArn });
  });

  test('with a bad name or ARN is refused', async () => {
    for (const name of ['a b', 'a/b', 'a;b', 'a,b']) {
      const error = await suite.refused(sfn.InvalidName, 'create_activity', { name });
      assert.equal(error.message, `Invalid Name: '${name}'`);
    }
    await suite.refused(sfn.InvalidArn, 'describe_activity', { activityArn: 'no arn' });
  });
});

describe('a worker', () => {
  test('gets the input and gives the output', async () => {
    const { activityArn, executionArn } = await waiting();
    const task = await suite.task(activityArn);
    assert.deepEqual(JSON.parse(task.input), { n: 1 });
    await suite.api('send_task_heartbeat', { taskToken: task.taskToken });
    await suite.api('send_task_success', { taskToken: task.taskToken, output: '{"done":true}' });
    const shown = await suite.ended(executionArn);
    assert.deepEqual([shown.status, JSON.parse(shown.output)], ['SUCCEEDED', { done: true }]);
    const events = await suite.events(executionArn);
    assert.deepEqual(
      events.slice(2, 5).map((event) => event.type),
      ['ActivityScheduled', 'ActivityStarted', 'ActivitySucceeded'],
    );
    assert.equal(events[2].activityScheduledEventDetails.resource, activityArn);
    assert.deepEqual(events[3].activityStartedEventDetails, { workerName: 'worker-1' });
  });

  test('that waits is woken by the task', async () => {
    const activityArn = await suite.activity();
    const polled = suite.task(activityArn);
    await new Promise((done) => setTimeout(done, 200));
    const executionArn = await suite.start(await suite.machine(taskMachine(activityArn)), {});
    const { taskToken } = await polled;
    await suite.api('send_task_success', { taskToken, output: '1' });
    assert.equal((await suite.ended(executionArn)).output, '1');
  });

  test('fails a task, and a Catch sees its error', async () => {
    const { activityArn, executionArn } = await waiting();
    const { taskToken } = await suite.task(activityArn);
    await suite.api('send_task_failure', { taskToken, error: 'No.Paper', cause: 'tray 2' });
    const shown = await suite.ended(executionArn);
    assert.deepEqual([shown.status, shown.error, shown.cause], ['FAILED', 'No.Paper', 'tray 2']);
  });

  test('that retries gets the task again', async () => {
    const Retry = [{ ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 1, MaxAttempts: 1 }];
    const { activityArn, executionArn } = await waiting({ Retry });
    const first = await suite.task(activityArn);
    await suite.api('send_task_failure', { taskToken: first.taskToken, error: 'Once' });
    const second = await suite.task(activityArn);
    assert.notEqual(second.taskToken, first.taskToken);
    await suite.api('send_task_success', { taskToken: second.taskToken, output: '{}' });
    assert.equal((await suite.ended(executionArn)).status, 'SUCCEEDED');
  });

  test('answers one task once', async () => {
    const { activityArn, executionArn } = await waiting();
    const { taskToken } = await suite.task(activityArn);
    await suite.refused(sfn.InvalidOutput, 'send_task_success', { taskToken, output: 'no json' });
    await suite.api('send_task_success', { taskToken, output: '{}' });
    await suite.ended(executionArn);
    await suite.refused(sfn.TaskTimedOut, 'send_task_success', { taskToken, output: '{}' });
    await suite.refused(sfn.TaskTimedOut, 'send_task_failure', { taskToken });
    await suite.refused(sfn.TaskTimedOut, 'send_task_heartbeat', { taskToken });
  });

  test('with a token that was never given is refused', async () => {
    for (const action of ['send_task_success', 'send_task_failure', 'send_task_heartbeat']) {
      await suite.refused(sfn.InvalidToken, action, { taskToken: 'never given', output: '{}' });
    }
  });

  test('is too late after the timeout and after a missed heartbeat', async () => {
    for (const more of [{ TimeoutSeconds: 1 }, { TimeoutSeconds: 60, HeartbeatSeconds: 1 }]) {
      const { activityArn, executionArn } = await waiting(more);
      const { taskToken } = await suite.task(activityArn);
      const shown = await suite.ended(executionArn);
      assert.deepEqual([shown.status, shown.error], ['FAILED', 'States.Timeout']);
      assert.ok((await suite.types(executionArn)).includes('ActivityTimedOut'));
      await suite.refused(sfn.TaskTimedOut, 'send_task_success', { taskToken, output: '{}' });
    }
  });
});

describe('a stop', () => {
  test('kills the token: nothing brings the execution back', async () => {
    const { activityArn, executionArn } = await waiting();
    const { taskToken } = await suite.task(activityArn);
    await suite.api('stop_execution', { executionArn });
    const before = await suite.types(executionArn);
    await suite.refused(sfn.TaskTimedOut, 'send_task_success', { taskToken, output: '{}' });
    await suite.refused(sfn.TaskTimedOut, 'send_task_failure', { taskToken, error: 'Late' });
    await suite.refused(sfn.TaskTimedOut, 'send_task_heartbeat', { taskToken });
    assert.equal((await suite.describe(executionArn)).status, 'ABORTED');
    assert.deepEqual(await suite.types(executionArn), before);
  });

  test('takes a task out of the queue', async () => {
    const { activityArn, executionArn } = await waiting();
    await suite.api('stop_execution', { executionArn });
    const other = await suite.start(await suite.machine(taskMachine(activityArn)), { other: true });
    const task = await suite.task(activityArn);
    assert.deepEqual(JSON.parse(task.input), { other: true });
    await suite.api('send_task_success', { taskToken: task.taskToken, output: '{}' });
    assert.equal((await suite.ended(other)).status, 'SUCCEEDED');
  });
});

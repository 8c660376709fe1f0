// test_test_state.mjs - TestState and StartSyncExecution: answers without an execution that stays.
import * as sfn from '@aws-sdk/client-sfn';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { failMachine, passMachine, ROLE, useServer, waitMachine } from './suite.mjs';

const suite = useServer();
const LAMBDA = 'arn:aws:states:::lambda:invoke';

function testState(definition, more = {}) {
  return suite.api('test_state', { definition: JSON.stringify(definition), roleArn: ROLE, ...more });
}

describe('TestState', () => {
  test('runs one state', async () => {
    const state = { Type: 'Pass', Result: { b: 2 }, ResultPath: '$.result', Next: 'After' };
    const answer = await testState(state, { input: '{"a":1}' });
    assert.deepEqual([answer.status, answer.nextState], ['SUCCEEDED', 'After']);
    assert.deepEqual(JSON.parse(answer.output), { a: 1, result: { b: 2 } });
    assert.equal(answer.inspectionData, undefined);
  });

  test('shows every step when asked to', async () => {
    const state = { Type: 'Pass', InputPath: '$.in', Parameters: { 'x.$': '$.a' }, ResultPath: '$.r', End: true };
    const { inspectionData } = await testState(state, { input: '{"in":{"a":1}}', inspectionLevel: 'DEBUG' });
    assert.deepEqual(JSON.parse(inspectionData.afterInputPath), { a: 1 });
    assert.deepEqual(JSON.parse(inspectionData.afterParameters), { x: 1 });
    assert.deepEqual(JSON.parse(inspectionData.afterResultPath), { in: { a: 1 }, r: { x: 1 } });
  });

  test('follows a choice', async () => {
    const Choices = [{ Variable: '$.n', NumericGreaterThan: 5, Next: 'Large' }];
    const state = { Type: 'Choice', Choices, Default: 'Small' };
    assert.equal((await testState(state, { input: '{"n":6}' })).nextState, 'Large');
    assert.equal((await testState(state, { input: '{"n":5}' })).nextState, 'Small');
  });

  test('takes a mock for what a task would have answered', async () => {
    const state = {
      Type: 'Task',
      Resource: LAMBDA,
      Parameters: { FunctionName: 'f' },
      OutputPath: '$.Payload',
      End: true,
    };
    const mock = { result: JSON.stringify({ Payload: { ok: true }, StatusCode: 200 }) };
    const answer = await testState(state, { input: '{}', mock });
    assert.deepEqual([answer.status, JSON.parse(answer.output)], ['SUCCEEDED', { ok: true }]);
  });

  test('takes a mock for an error: caught, retried or failed', async () => {
    const mock = { errorOutput: { error: 'No.Paper', cause: 'tray 2' } };
    const state = { Type: 'Task', Resource: LAMBDA, Parameters: { FunctionName: 'f' }, End: true };
    const failed = await testState(state, { input: '{}', mock });
    assert.deepEqual([failed.status, failed.error, failed.cause], ['FAILED', 'No.Paper', 'tray 2']);
    const Catch = [{ ErrorEquals: ['No.Paper'], Next: 'Refill', ResultPath: '$.problem' }];
    const caught = await testState({ ...state, Catch }, { input: '{}', mock });
    assert.deepEqual([caught.status, caught.nextState], ['CAUGHT_ERROR', 'Refill']);
    assert.deepEqual(JSON.parse(caught.output), { problem: { Error: 'No.Paper', Cause: 'tray 2' } });
    const Retry = [{ ErrorEquals: ['States.ALL'], MaxAttempts: 2 }];
    const retried = await testState({ ...state, Retry }, { input: '{}', mock });
    assert.equal(retried.status, 'RETRIABLE');
    const stateConfiguration = { retrierRetryCount: 2 };
    const exhausted = await testState({ ...state, Retry }, { input: '{}', mock, stateConfiguration });
    assert.equal(exhausted.status, 'FAILED');
  });

  test('picks a state of a whole machine', async () => {
    const States = { A: { Type: 'Pass', Result: 1, Next: 'B' }, B: { Type: 'Pass', Result: 2, End: true } };
    const definition = { StartAt: 'A', States };
    const answer = await testState(definition, { stateName: 'B', input: '{}' });
    assert.deepEqual([answer.status, answer.output, answer.nextState], ['SUCCEEDED', '2', undefined]);
    const error = await suite.refused('ValidationException', 'test_state', {
      definition: JSON.stringify(definition),
      stateName: 'None',
    });
    assert.equal(error.message, 'State not found in definition');
  });

  test('takes a context of the caller beside a mock, and variables', async () => {
    const Parameters = { FunctionName: 'f', Payload: { 'name.$': '$$.Execution.Name', 'v.$': '$v' } };
    const state = { Type: 'Task', Resource: LAMBDA, Parameters, End: true };
    const { inspectionData } = await testState(state, {
      input: '{}',
      context: JSON.stringify({ Execution: { Name: 'mine' } }),
      variables: '{"v":7}',
      mock: { result: '{"Payload":1}' },
      inspectionLevel: 'DEBUG',
    });
    assert.deepEqual(JSON.parse(inspectionData.afterParameters).Payload, { name: 'mine', v: 7 });
  });

  test('refuses a bad definition and a bad input', async () => {
    await suite.refused(sfn.InvalidDefinition, 'test_state', { definition: '{"Type":"Nap"}', roleArn: ROLE });
    const definition = JSON.stringify({ Type: 'Pass', End: true });
    await suite.refused(sfn.InvalidExecutionInput, 'test_state', { definition, roleArn: ROLE, input: '{' });
  });
});

describe('StartSyncExecution', () => {
  const express = (definition) => suite.machine(definition, { type: 'EXPRESS' });

  test('answers with the output', async () => {
    const stateMachineArn = await express(passMachine({ answer: 42 }));
    const answer = await suite.api('start_sync_execution', { stateMachineArn, name: 'run', input: '{"a":1}' });
    assert.deepEqual(
      [answer.status, answer.name, answer.output && JSON.parse(answer.output), answer.stateMachineArn],
      ['SUCCEEDED', 'run', { answer: 42 }, stateMachineArn],
    );
    assert.match(answer.executionArn, /:express:[^:]+:run:[0-9a-f-]{36}$/);
    assert.ok(answer.startDate instanceof Date && answer.stopDate >= answer.startDate);
    assert.equal(typeof answer.billingDetails.billedDurationInMilliseconds, 'number');
  });

  test('answers with the failure', async () => {
    const answer = await suite.api('start_sync_execution', { stateMachineArn: await express(failMachine('E', 'c')) });
    assert.deepEqual([answer.status, answer.error, answer.cause, answer.output], ['FAILED', 'E', 'c', undefined]);
  });

  test('waits while the execution waits, and ends with its timeout', async () => {
    const slow = await suite.api('start_sync_execution', { stateMachineArn: await express(waitMachine(1)) });
    assert.equal(slow.status, 'SUCCEEDED');
    const timed = await express({ ...waitMachine(30), TimeoutSeconds: 1 });
    assert.equal((await suite.api('start_sync_execution', { stateMachineArn: timed })).status, 'TIMED_OUT');
  });

  test('is for EXPRESS machines only', async () => {
    const stateMachineArn = await suite.machine(passMachine());
    await suite.refused(sfn.StateMachineTypeNotSupported, 'start_sync_execution', { stateMachineArn });
    const none = { stateMachineArn: `${stateMachineArn}-not` };
    await suite.refused(sfn.StateMachineDoesNotExist, 'start_sync_execution', none);
  });
});

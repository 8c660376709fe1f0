// test_map_runs.mjs - distributed Map states: their Map Runs are listed, described and changed.
import * as sfn from '@aws-sdk/client-sfn';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { machine, useServer } from './suite.mjs';

const suite = useServer();

/** Distributed over $.items; each child execution is one state. */
function distributed(state, more = {}) {
  const ItemProcessor = {
    ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
    ...machine('Item', { Item: state }),
  };
  return machine('Each', { Each: { Type: 'Map', ItemsPath: '$.items', ItemProcessor, End: true, ...more } });
}

/** The Map Run of an execution, as it is described. */
async function mapRunOf(executionArn) {
  const found = await suite.until(async () => {
    const { mapRuns } = await suite.api('list_map_runs', { executionArn });
    return mapRuns.length > 0 && mapRuns;
  }, 'the Map Run');
  assert.equal(found.length, 1);
  assert.equal(found[0].executionArn, executionArn);
  return suite.api('describe_map_run', { mapRunArn: found[0].mapRunArn });
}

describe('a Map Run', () => {
  test('counts its items, and its children are executions of their own', async () => {
    const definition = distributed({ Type: 'Pass', End: true }, { Label: 'Items', MaxConcurrency: 2 });
    const stateMachineArn = await suite.machine(definition);
    const executionArn = await suite.start(stateMachineArn, { items: [1, 2, 3] });
    assert.deepEqual(JSON.parse((await suite.ended(executionArn)).output), [1, 2, 3]);
    const run = await mapRunOf(executionArn);
    assert.match(run.mapRunArn, /:mapRun:[^:/]+\/Items:[^:]+$/);
    assert.deepEqual([run.status, run.maxConcurrency], ['SUCCEEDED', 2]);
    assert.deepEqual([run.itemCounts.total, run.itemCounts.succeeded, run.itemCounts.failed], [3, 3, 0]);
    assert.deepEqual([run.executionCounts.total, run.executionCounts.succeeded], [3, 3]);
    const { executions } = await suite.api('list_executions', { mapRunArn: run.mapRunArn });
    assert.equal(executions.length, 3);
    assert.ok(executions.every((one) => one.mapRunArn === run.mapRunArn && one.status === 'SUCCEEDED'));
    const types = await suite.types(executionArn);
    assert.deepEqual(
      types.filter((type) => type.startsWith('MapRun')),
      ['MapRunStarted', 'MapRunSucceeded'],
    );
  });

  test('fails when more items fail than it tolerates', async () => {
    const fail = { Type: 'Fail', Error: 'Rotten' };
    const tolerant = await suite.machine(distributed(fail, { ToleratedFailurePercentage: 100 }));
    const good = await suite.start(tolerant, { items: [1, 2] });
    assert.equal((await suite.ended(good)).status, 'SUCCEEDED');
    assert.equal((await mapRunOf(good)).itemCounts.failed, 2);
    const strict = await suite.start(await suite.machine(distributed(fail)), { items: [1, 2] });
    const shown = await suite.ended(strict);
    assert.deepEqual([shown.status, shown.error], ['FAILED', 'States.ExceedToleratedFailureThreshold']);
    assert.equal((await mapRunOf(strict)).status, 'FAILED');
  });

  test('is changed while it runs, and stops with its execution', async () => {
    const wait = { Type: 'Wait', Seconds: 3600, End: true };
    const executionArn = await suite.start(await suite.machine(distributed(wait)), { items: [1, 2] });
    const { mapRunArn } = await mapRunOf(executionArn);
    await suite.api('update_map_run', { mapRunArn, maxConcurrency: 7, toleratedFailureCount: 1 });
    const changed = await suite.api('describe_map_run', { mapRunArn });
    assert.deepEqual([changed.status, changed.maxConcurrency, changed.toleratedFailureCount], ['RUNNING', 7, 1]);
    await suite.api('stop_execution', { executionArn });
    assert.equal((await suite.api('describe_map_run', { mapRunArn })).status, 'ABORTED');
    const { executions } = await suite.api('list_executions', { mapRunArn });
    assert.ok(executions.every((one) => one.status === 'ABORTED'));
  });

  test('that is none is said to be so', async () => {
    const executionArn = await suite.start(await suite.machine(distributed({ Type: 'Pass', End: true })), {
      items: [1],
    });
    await suite.ended(executionArn);
    const { mapRunArn } = await mapRunOf(executionArn);
    const none = { mapRunArn: `${mapRunArn.slice(0, -1)}x` };
    await suite.refused(sfn.ResourceNotFound, 'describe_map_run', none);
    await suite.refused(sfn.InvalidArn, 'describe_map_run', { mapRunArn: 'no arn' });
  });
});

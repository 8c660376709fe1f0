// test_versions.mjs - versions and aliases: published, listed, started through, deleted in the right order only.
import * as sfn from '@aws-sdk/client-sfn';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { passMachine, useServer } from './suite.mjs';

const suite = useServer();

/** A machine with two versions, the first of which gives 1, the second 2. */
async function twoVersions() {
  const stateMachineArn = await suite.machine(passMachine(1));
  const one = await suite.api('publish_state_machine_version', { stateMachineArn, description: 'one' });
  const definition = JSON.stringify(passMachine(2));
  const two = await suite.api('update_state_machine', { stateMachineArn, definition, publish: true });
  return { stateMachineArn, versions: [one.stateMachineVersionArn, two.stateMachineVersionArn] };
}

function routes(...pairs) {
  return pairs.map(([stateMachineVersionArn, weight]) => ({ stateMachineVersionArn, weight }));
}

describe('a version', () => {
  test('is published once for a revision, and keeps its definition', async () => {
    const { stateMachineArn, versions } = await twoVersions();
    assert.deepEqual(versions, [`${stateMachineArn}:1`, `${stateMachineArn}:2`]);
    const again = await suite.api('publish_state_machine_version', { stateMachineArn });
    assert.equal(again.stateMachineVersionArn, versions[1]);
    const shown = await suite.api('describe_state_machine', { stateMachineArn: versions[0] });
    assert.deepEqual(JSON.parse(shown.definition), passMachine(1));
    assert.equal(shown.description, 'one');
    const listed = await suite.api('list_state_machine_versions', { stateMachineArn });
    assert.deepEqual(
      listed.stateMachineVersions.map((one) => one.stateMachineVersionArn),
      [...versions].reverse(),
    );
  });

  test('is started by its ARN; a bare ARN starts the latest revision', async () => {
    const { stateMachineArn, versions } = await twoVersions();
    const first = await suite.ended(await suite.start(versions[0]));
    assert.deepEqual([first.output, first.stateMachineVersionArn], ['1', versions[0]]);
    assert.equal(first.stateMachineArn, stateMachineArn);
    const latest = await suite.ended(await suite.start(stateMachineArn));
    assert.deepEqual([latest.output, latest.stateMachineVersionArn], ['2', undefined]);
  });

  test('is made with the machine when asked for', async () => {
    const params = {
      name: 'published',
      definition: JSON.stringify(passMachine(1)),
      roleArn: 'arn:aws:iam::123456789012:role/r',
    };
    const made = await suite.api('create_state_machine', { ...params, publish: true, versionDescription: 'v' });
    assert.equal(made.stateMachineVersionArn, `${made.stateMachineArn}:1`);
  });

  test('of another revision than the current one is a conflict', async () => {
    const { stateMachineArn } = await twoVersions();
    const { revisionId } = await suite.api('describe_state_machine', { stateMachineArn });
    await suite.api('update_state_machine', { stateMachineArn, definition: JSON.stringify(passMachine(3)) });
    const error = await suite.refused(sfn.ConflictException, 'publish_state_machine_version', {
      stateMachineArn,
      revisionId,
    });
    assert.match(error.message, /^Failed to publish the State Machine version for revision /);
  });
});

describe('an alias', () => {
  test('routes to versions, is changed, listed and deleted', async () => {
    const { stateMachineArn, versions } = await twoVersions();
    const routingConfiguration = routes([versions[0], 100]);
    const made = await suite.api('create_state_machine_alias', { name: 'PROD', routingConfiguration });
    const { stateMachineAliasArn } = made;
    assert.equal(stateMachineAliasArn, `${stateMachineArn}:PROD`);
    const run = await suite.ended(await suite.start(stateMachineAliasArn));
    assert.deepEqual(
      [run.output, run.stateMachineAliasArn, run.stateMachineVersionArn],
      ['1', stateMachineAliasArn, versions[0]],
    );
    await suite.api('update_state_machine_alias', {
      stateMachineAliasArn,
      description: 'both',
      routingConfiguration: routes([versions[1], 100], [versions[0], 0]),
    });
    const shown = await suite.api('describe_state_machine_alias', { stateMachineAliasArn });
    assert.deepEqual([shown.name, shown.description], ['PROD', 'both']);
    assert.equal(shown.routingConfiguration.length, 2);
    assert.equal((await suite.ended(await suite.start(stateMachineAliasArn))).output, '2');
    const listed = await suite.api('list_state_machine_aliases', { stateMachineArn });
    assert.deepEqual(
      listed.stateMachineAliases.map((one) => one.stateMachineAliasArn),
      [stateMachineAliasArn],
    );
    await suite.refused(sfn.ConflictException, 'delete_state_machine_version', {
      stateMachineVersionArn: versions[0],
    });
    await suite.api('delete_state_machine_alias', { stateMachineAliasArn });
    await suite.refused(sfn.ResourceNotFound, 'describe_state_machine_alias', { stateMachineAliasArn });
    await suite.api('delete_state_machine_version', { stateMachineVersionArn: versions[0] });
    const left = await suite.api('list_state_machine_versions', { stateMachineArn });
    assert.equal(left.stateMachineVersions.length, 1);
  });

  test('takes weights of 100 together and versions only', async () => {
    const { stateMachineArn, versions } = await twoVersions();
    const create = (name, ...pairs) => ({ name, routingConfiguration: routes(...pairs) });
    for (const params of [
      create('A', [versions[0], 50], [versions[1], 40]),
      create('B', [stateMachineArn, 100]),
      create('C', [versions[0], 50], [versions[0], 50]),
    ]) {
      await suite.refused('ValidationException', 'create_state_machine_alias', params);
    }
    const both = create('D', [versions[0], 50], [versions[1], 50]);
    const first = await suite.api('create_state_machine_alias', both);
    const again = await suite.api('create_state_machine_alias', both);
    assert.equal(again.stateMachineAliasArn, first.stateMachineAliasArn);
    await suite.refused(sfn.ConflictException, 'create_state_machine_alias', create('D', [versions[0], 100]));
  });
});

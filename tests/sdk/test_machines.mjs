// test_machines.mjs - state machines: made, described, changed, listed page by page, deleted, tagged, validated.
import * as sfn from '@aws-sdk/client-sfn';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { freshName, passMachine, ROLE, useServer, waitMachine } from './suite.mjs';

const suite = useServer();

describe('a state machine', () => {
  test('is made and described as it was sent', async () => {
    const name = freshName();
    const definition = JSON.stringify(passMachine({ n: 1 }), null, 3);
    const made = await suite.api('create_state_machine', { name, definition, roleArn: ROLE });
    assert.match(made.stateMachineArn, new RegExp(`^arn:aws:states:us-east-1:\\d{12}:stateMachine:${name}$`));
    assert.ok(made.creationDate instanceof Date);
    const { stateMachineArn } = made;
    const shown = await suite.api('describe_state_machine', { stateMachineArn });
    assert.equal(shown.definition, definition);
    assert.deepEqual(
      [shown.name, shown.status, shown.type, shown.roleArn, shown.creationDate.getTime()],
      [name, 'ACTIVE', 'STANDARD', ROLE, made.creationDate.getTime()],
    );
    assert.equal(shown.loggingConfiguration.level, 'OFF');
    assert.equal(shown.tracingConfiguration.enabled, false);
  });

  test('is made once: the same again answers the same, another definition is refused', async () => {
    const params = { name: freshName(), definition: JSON.stringify(passMachine(1)), roleArn: ROLE };
    const first = await suite.api('create_state_machine', params);
    const again = await suite.api('create_state_machine', params);
    assert.deepEqual([again.stateMachineArn, again.creationDate], [first.stateMachineArn, first.creationDate]);
    await suite.refused(sfn.StateMachineAlreadyExists, 'create_state_machine', {
      ...params,
      definition: JSON.stringify(passMachine(2)),
    });
  });

  test('with a bad name, role or definition is refused', async () => {
    const definition = JSON.stringify(passMachine());
    const good = { name: freshName(), definition, roleArn: ROLE };
    for (const name of ['with space', 'a/b', 'a:b', 'a*', 'a"b', 'a#b']) {
      await suite.refused(sfn.InvalidName, 'create_state_machine', { ...good, name });
    }
    await suite.refused(sfn.InvalidArn, 'create_state_machine', { ...good, roleArn: 'somebody' });
    for (const bad of ['{', '[]', '{}', '{"StartAt":"A","States":{"A":{"Type":"Pass"}}}']) {
      await suite.refused(sfn.InvalidDefinition, 'create_state_machine', { ...good, definition: bad });
    }
    await suite.refused('ValidationException', 'create_state_machine', { ...good, name: 'n'.repeat(81) });
    await suite.refused('ValidationException', 'create_state_machine', { ...good, type: 'QUICK' });
  });

  test('is changed: revisions follow each other, running executions keep the old definition', async () => {
    const stateMachineArn = await suite.machine(waitMachine());
    const executionArn = await suite.start(stateMachineArn, {});
    const definition = JSON.stringify(passMachine({ version: 2 }));
    const first = await suite.api('update_state_machine', { stateMachineArn, definition });
    assert.ok(first.updateDate instanceof Date);
    assert.match(first.revisionId, /^[0-9a-f-]{36}$/);
    const shown = await suite.api('describe_state_machine', { stateMachineArn });
    assert.deepEqual([shown.definition, shown.revisionId], [definition, first.revisionId]);
    const second = await suite.api('update_state_machine', { stateMachineArn, roleArn: `${ROLE}2` });
    assert.notEqual(second.revisionId, first.revisionId);
    const running = await suite.api('describe_state_machine_for_execution', { executionArn });
    assert.deepEqual(JSON.parse(running.definition), waitMachine());
    await suite.api('stop_execution', { executionArn });
    const output = (await suite.ended(await suite.start(stateMachineArn))).output;
    assert.deepEqual(JSON.parse(output), { version: 2 });
    await suite.refused(sfn.MissingRequiredParameter, 'update_state_machine', { stateMachineArn });
  });

  test('is deleted, and deleting it again is no error', async () => {
    const stateMachineArn = await suite.machine(passMachine());
    await suite.api('delete_state_machine', { stateMachineArn });
    const gone = async () => {
      const shown = await suite.api('describe_state_machine', { stateMachineArn }).catch((error) => error);
      return shown instanceof sfn.StateMachineDoesNotExist;
    };
    await suite.until(gone, 'the deletion');
    await suite.api('delete_state_machine', { stateMachineArn });
    await suite.refused(sfn.StateMachineDoesNotExist, 'update_state_machine', { stateMachineArn, roleArn: ROLE });
  });

  test('that is none, or no ARN, is said to be so', async () => {
    const known = await suite.machine(passMachine());
    const stateMachineArn = `${known}-not`;
    const error = await suite.refused(sfn.StateMachineDoesNotExist, 'describe_state_machine', { stateMachineArn });
    assert.equal(error.message, `State Machine Does Not Exist: '${stateMachineArn}'`);
    await suite.refused(sfn.StateMachineDoesNotExist, 'start_execution', { stateMachineArn });
    await suite.refused(sfn.InvalidArn, 'describe_state_machine', { stateMachineArn: 'no arn' });
    await suite.refused('ValidationException', 'describe_state_machine', {});
  });
});

describe('lists', () => {
  test('of state machines come in pages, each machine once', async () => {
    const made = new Set();
    for (let index = 0; index < 5; index++) made.add(await suite.machine(passMachine(index)));
    const seen = [];
    for await (const page of sfn.paginateListStateMachines({ client: suite.client, pageSize: 2 }, {})) {
      assert.ok(page.stateMachines.length <= 2);
      seen.push(...page.stateMachines);
    }
    assert.equal(new Set(seen.map((one) => one.stateMachineArn)).size, seen.length);
    assert.ok([...made].every((arn) => seen.some((one) => one.stateMachineArn === arn)));
    assert.ok(seen.every((one) => one.name && one.type === 'STANDARD' && one.creationDate instanceof Date));
  });

  test('refuse a token that was never given, and too large a page', async () => {
    await suite.refused(sfn.InvalidToken, 'list_state_machines', { nextToken: 'never given' });
    const error = await suite.refused('ValidationException', 'list_state_machines', { maxResults: 1001 });
    assert.match(error.message, /'1001' at 'maxResults'.*less than or equal to 1000/);
  });
});

describe('tags', () => {
  test('are added, replaced, listed and taken away', async () => {
    const resourceArn = await suite.machine(passMachine(), { tags: [{ key: 'team', value: 'red' }] });
    await suite.api('tag_resource', { resourceArn, tags: [{ key: 'stage', value: 'test' }] });
    await suite.api('tag_resource', { resourceArn, tags: [{ key: 'team', value: 'blue' }] });
    const sorted = async () => {
      const { tags } = await suite.api('list_tags_for_resource', { resourceArn });
      return tags.map(({ key, value }) => `${key}=${value}`).sort();
    };
    assert.deepEqual(await sorted(), ['stage=test', 'team=blue']);
    await suite.api('untag_resource', { resourceArn, tagKeys: ['stage', 'none'] });
    assert.deepEqual(await sorted(), ['team=blue']);
  });

  test('are at most 50, and of nothing that is not there', async () => {
    const resourceArn = await suite.machine(passMachine());
    const tags = Array.from({ length: 51 }, (_, index) => ({ key: `k${index}`, value: '' }));
    await suite.refused(sfn.TooManyTags, 'tag_resource', { resourceArn, tags });
    const none = { resourceArn: `${resourceArn}-not` };
    await suite.refused(sfn.ResourceNotFound, 'list_tags_for_resource', none);
  });

  test('are for activities too', async () => {
    const resourceArn = await suite.activity();
    await suite.api('tag_resource', { resourceArn, tags: [{ key: 'a', value: 'b' }] });
    const { tags } = await suite.api('list_tags_for_resource', { resourceArn });
    assert.deepEqual(tags, [{ key: 'a', value: 'b' }]);
  });
});

describe('validation', () => {
  const validate = (definition, more) =>
    suite.api('validate_state_machine_definition', { definition: JSON.stringify(definition), ...more });

  test('says OK, or FAIL with what is wrong and where', async () => {
    const good = await validate(passMachine());
    assert.deepEqual([good.result, good.diagnostics, good.truncated], ['OK', [], false]);
    const bad = await validate({ StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' } } });
    assert.equal(bad.result, 'FAIL');
    const [first] = bad.diagnostics;
    assert.deepEqual([first.severity, typeof first.code, typeof first.message], ['ERROR', 'string', 'string']);
    assert.match(first.location, /^\/States\/A/);
  });

  test('gives no more diagnostics than asked for', async () => {
    const states = Object.fromEntries(['A', 'B', 'C'].map((name) => [name, { Type: 'Pass', Next: 'None' }]));
    const bad = await validate({ StartAt: 'A', States: states }, { maxResults: 1 });
    assert.deepEqual([bad.result, bad.diagnostics.length, bad.truncated], ['FAIL', 1, true]);
  });
});

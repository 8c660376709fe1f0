// suite.mjs - what the suites share: a server for each file, calls, waiting for an end, small definitions.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before } from 'node:test';

import { call, makeClient } from './client.mjs';
import { binary, Server } from './server.mjs';

export const ROLE = 'arn:aws:iam::123456789012:role/worker';
const CALL_MS = 30000;
const ENDED = new Set(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']);

let names = 0;

/** A name that no other test uses. */
export function freshName(stem = 'machine') {
  return `${stem}-${process.pid}-${++names}`;
}

/** Starts a server before the file's tests and ends it after them; returns what they work with. */
export function useServer() {
  const suite = new Suite();
  before(async () => {
    assert.ok(existsSync(binary()), `${binary()} has not been built (FERMATA_BIN)`);
    suite.server = await Server.start();
    suite.client = makeClient(suite.server);
  });
  after(async () => {
    suite.client?.destroy();
    const status = await suite.server?.stop();
    assert.ok(!suite.server || status === 0, `the server ended with ${status}`);
  });
  return suite;
}

class Suite {
  /** Every call has an end, so that a server that does not answer fails the test instead of holding it. */
  api(action, params) {
    return call(this.client, action, params, { abortSignal: AbortSignal.timeout(CALL_MS) });
  }

  async machine(definition, more = {}) {
    const text = typeof definition === 'string' ? definition : JSON.stringify(definition);
    const params = { name: freshName(), definition: text, roleArn: ROLE, ...more };
    return (await this.api('create_state_machine', params)).stateMachineArn;
  }

  async start(stateMachineArn, input, more = {}) {
    const params = { stateMachineArn, ...(input !== undefined && { input: JSON.stringify(input) }), ...more };
    return (await this.api('start_execution', params)).executionArn;
  }

  async activity() {
    return (await this.api('create_activity', { name: freshName('activity') })).activityArn;
  }

  describe(executionArn) {
    return this.api('describe_execution', { executionArn });
  }

  async until(look, what = 'it', timeout = 20000) {
    const end = Date.now() + timeout;
    for (let pause = 5; ; pause = Math.min(pause * 1.5, 200)) {
      const found = await look();
      if (found) return found;
      assert.ok(Date.now() < end, `${what} did not happen in ${timeout} ms`);
      await new Promise((done) => setTimeout(done, pause));
    }
  }

  /** The description of an execution that has ended. */
  ended(executionArn) {
    const look = async () => {
      const description = await this.describe(executionArn);
      return ENDED.has(description.status) && description;
    };
    return this.until(look, `the end of ${executionArn}`);
  }

  async events(executionArn) {
    const events = [];
    let nextToken;
    do {
      const params = { executionArn, ...(nextToken && { nextToken }) };
      const page = await this.api('get_execution_history', params);
      events.push(...page.events);
      nextToken = page.nextToken;
    } while (nextToken);
    return events;
  }

  async types(executionArn) {
    return (await this.events(executionArn)).map((event) => event.type);
  }

  async task(activityArn) {
    const task = await this.api('get_activity_task', { activityArn, workerName: 'worker-1' });
    assert.ok(task.taskToken, 'no task came');
    return task;
  }

  /** The call is refused with this exception, as the SDK's own class when it has one. */
  async refused(Exception, action, params) {
    const expected = typeof Exception === 'string' ? Exception : Exception.name;
    const error = await this.api(action, params).then(
      (answer) => assert.fail(`${action} answered ${JSON.stringify(answer)}, not ${expected}`),
      (thrown) => thrown,
    );
    if (error instanceof assert.AssertionError) throw error;
    assert.equal(error.name, expected, `${error.name}: ${error.message}`);
    if (typeof Exception !== 'string') assert.ok(error instanceof Exception);
    assert.equal(error.$fault, 'client');
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.ok(error.$metadata.requestId, 'no request id');
    return error;
  }
}

// ---- definitions ----

export function machine(StartAt, States, more = {}) {
  return { StartAt, States, ...more };
}

export function passMachine(Result) {
  return machine('Pass', { Pass: { Type: 'Pass', ...(Result !== undefined && { Result }), End: true } });
}

export function waitMachine(Seconds = 3600) {
  return machine('Wait', { Wait: { Type: 'Wait', Seconds, End: true } });
}

export function failMachine(Error = 'Shop.Closed', Cause = 'it is night') {
  return machine('Fail', { Fail: { Type: 'Fail', Error, Cause } });
}

export function taskMachine(Resource, more = {}) {
  return machine('Task', { Task: { Type: 'Task', Resource, End: true, ...more } });
}

// test_signature.mjs - who may call: signatures, keys, clocks; and what is no request of this API at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { call, makeClient } from './client.mjs';
import { useServer } from './suite.mjs';

const suite = useServer();
const TWENTY_MINUTES = 20 * 60 * 1000;

async function refusal(more) {
  const client = makeClient(suite.server, more);
  const error = await call(client, 'list_state_machines').then(
    () => assert.fail('it was not refused'),
    (thrown) => thrown,
  );
  client.destroy();
  assert.ok([400, 403].includes(error.$metadata.httpStatusCode), `HTTP ${error.$metadata.httpStatusCode}`);
  return error;
}

async function post(headers, body = '{}') {
  const answer = await fetch(`${suite.server.endpoint}/`, { method: 'POST', headers, body });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text), headers: answer.headers };
}

test('the right key is let in', async () => {
  const answer = await suite.api('list_state_machines');
  assert.equal(answer.$metadata.httpStatusCode, 200);
  assert.match(answer.$metadata.requestId, /^[0-9a-f-]{36}$/);
});

test('a wrong secret is refused, and the refusal holds no signature of ours', async () => {
  const secretAccessKey = 'x'.repeat(40);
  const error = await refusal({ credentials: { ...suite.server.credentials, secretAccessKey } });
  assert.equal(error.name, 'InvalidSignatureException');
  assert.doesNotMatch(error.message, /[0-9a-f]{64}/);
});

test('an unknown key is refused', async () => {
  const credentials = { ...suite.server.credentials, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' };
  assert.equal((await refusal({ credentials })).name, 'UnrecognizedClientException');
});

test('a clock that is twenty minutes off is refused', async () => {
  for (const systemClockOffset of [TWENTY_MINUTES, -TWENTY_MINUTES]) {
    assert.equal((await refusal({ systemClockOffset })).name, 'InvalidSignatureException');
  }
});

test('a client with a wrong clock corrects itself by the Date of the refusal', async () => {
  const client = makeClient(suite.server, { systemClockOffset: TWENTY_MINUTES, maxAttempts: 3 });
  const answer = await call(client, 'list_state_machines');
  assert.equal(answer.$metadata.attempts, 2);
  client.destroy();
});

test('a request without a signature is refused', async () => {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AWSStepFunctions.ListActivities' };
  const answer = await post(headers);
  assert.ok([400, 403].includes(answer.status), `HTTP ${answer.status}`);
  assert.match(answer.body.__type, /MissingAuthenticationToken/);
  assert.ok(answer.headers.get('x-amzn-requestid'));
  assert.match(answer.headers.get('content-type'), /^application\/x-amz-json-1\.0/);
});

test('a body that is not the one that was signed is refused', async () => {
  const client = makeClient(suite.server);
  client.middlewareStack.add(
    (next) => (args) => {
      args.request.body = '[]';
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low', name: 'afterSigning' },
  );
  const error = await call(client, 'list_state_machines').catch((thrown) => thrown);
  client.destroy();
  assert.equal(error.name, 'InvalidSignatureException');
});

test('an action that is none is refused by name', async () => {
  const client = makeClient(suite.server);
  client.middlewareStack.add(
    (next) => (args) => {
      args.request.headers['x-amz-target'] = 'AWSStepFunctions.MakeCoffee';
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'otherTarget' },
  );
  const error = await call(client, 'list_state_machines').catch((thrown) => thrown);
  client.destroy();
  assert.equal(error.name, 'UnknownOperationException');
  assert.equal(error.$metadata.httpStatusCode, 400);
});

test('a body that is no JSON is refused', async () => {
  const client = makeClient(suite.server);
  client.middlewareStack.add(
    (next) => (args) => {
      args.request.body = '{"'; // of the same length: Content-Length has been set
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'otherBody' },
  );
  const error = await call(client, 'list_state_machines').catch((thrown) => thrown);
  client.destroy();
  assert.equal(error.name, 'SerializationException');
});

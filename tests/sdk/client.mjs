// client.mjs - the SDK's client, set up for a server on this machine, and calls by the action's name.
import * as sfn from '@aws-sdk/client-sfn';

import { REGION } from './server.mjs';

/** Unchanged but for the endpoint; without disableHostPrefix the SDK would look for sync-127.0.0.1. */
export function makeClient(server, more = {}) {
  return new sfn.SFNClient({
    endpoint: server.endpoint,
    region: REGION,
    credentials: server.credentials,
    disableHostPrefix: true,
    maxAttempts: 1,
    requestHandler: { requestTimeout: 90000, httpAgent: { maxSockets: 200, keepAlive: true } },
    ...more,
  });
}

/** "create_state_machine" -> "CreateStateMachine" */
export function operationOf(action) {
  return action.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase());
}

/** One call; `action` as in "create_state_machine". */
export function call(client, action, params = {}, options = {}) {
  const Command = sfn[`${operationOf(action)}Command`];
  if (!Command) throw new TypeError(`the SDK has no action ${action}`);
  return client.send(new Command(params), options);
}

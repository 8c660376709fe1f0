// drive.mjs - makes the calls of one scenario on a real server and gathers the answers that were recorded.
import { answerOf, exceptionOf, refusalOf, refusalText } from './answer.mjs';
import { Memory } from './inputs.mjs';
import { plain, recordedAccount } from './plain.mjs';
import { playWorker, scriptOf } from './worker.mjs';

const PAGED = { list_state_machines: 'stateMachines', list_activities: 'activities' };
const ARN_OF = { list_state_machines: 'stateMachineArn', list_activities: 'activityArn' };
/* The member that tells an answer of an action from those of others, where a recording outlives its calls. */
const MEMBER_OF = { ...PAGED, list_state_machine_versions: 'stateMachineVersions' };
/* Written by other services, out of any call's reach. */
const FOREIGN = ['logged_execution_events', 'stepfunctions_events', 'end_event', 'get-s3-object'];
/* Members that answers, and the outputs of tasks, have had since a day: an older recording cannot know them. */
const LATER = {
  encryptionConfiguration: '2024-07-25',
  redriveCount: '2023-11-15',
  redriveStatus: '2023-11-15',
  redriveStatusReason: '2023-11-15',
};
/* The recorder's client refused to send a null; on the wire it is the same as nothing. */
const NULL_REFUSED = /^Parameter validation failed:.*value: None/s;
/* A test case of the recorder's own server: its mocks are not in the calls. */
const FOREIGN_MOCKS = /:stateMachine:[\w.-]+#\w+$/;
const WAIT_MS = 25000;
const RUNNING = /"status":"(RUNNING|PENDING_REDRIVE)"/;

function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

function isLater(key, recordedOn) {
  return LATER[key.replace(/^[A-Z]/, (letter) => letter.toLowerCase())] > recordedOn;
}

function withoutLater(value, recordedOn) {
  if (Array.isArray(value)) return value.map((item) => withoutLater(item, recordedOn));
  if (value === null || typeof value !== 'object') return value;
  const known = Object.entries(value).filter(([key]) => !isLater(key, recordedOn));
  return Object.fromEntries(known.map(([key, member]) => [key, withoutLater(member, recordedOn)]));
}

export class Drive {
  /** `call(action, params, options)` is the client; `signal` ends what still waits when the time is up. */
  constructor(scenario, call, account, signal) {
    Object.assign(this, { scenario, signal, account, client: call });
    this.memory = new Memory(account);
    this.last = null; // {action, answer} or {action, refusal} of the last call
    this.pairs = []; // {key, recorded, actual}
    this.skipped = []; // keys that no call can lead to
    this.workers = [];
  }

  async run() {
    if (this.scenario.calls.some(([, params]) => FOREIGN_MOCKS.test(params.stateMachineArn ?? ''))) {
      return { pairs: [], skipped: Object.keys(this.scenario.recorded) };
    }
    let number = 0;
    for (const [index, [action, params]] of this.scenario.calls.entries()) {
      if (action === '#match') await this.match(params.key);
      else await this.make(action, params, ++number, index);
    }
    await this.matchLast();
    return { pairs: this.pairs, skipped: this.skipped };
  }

  send(action, params) {
    return this.client(action, params, { abortSignal: this.signal });
  }

  async make(action, params, number, index) {
    const real = this.memory.parametersOf(action, params, number);
    if (/^(describe|list)_/.test(action) && !this.expectsRunning(index)) await this.settle();
    try {
      const output = await (PAGED[action] ? this.allPages(action, real) : this.send(action, real));
      this.memory.learn(action, real, output, number);
      this.last = { action, answer: answerOf(output, this.account) };
    } catch (error) {
      if (!error.$metadata?.httpStatusCode) throw error;
      this.last = { action, refusal: refusalOf(error, this.account) };
    }
    if (action === 'start_execution' && this.last.answer) this.startWorker();
  }

  /** Does the next recorded answer speak of an execution that has not ended? */
  expectsRunning(index) {
    const next = this.scenario.calls.slice(index).find(([action]) => action === '#match');
    return next !== undefined && RUNNING.test(JSON.stringify(this.scenario.recorded[next[1].key] ?? null));
  }

  /** Of lists of the whole account, what this scenario has made, in the order of making. */
  async allPages(action, params) {
    const found = [];
    let output;
    do {
      output = await this.send(action, { ...params, ...(output && { nextToken: output.nextToken }) });
      found.push(...output[PAGED[action]]);
    } while (output.nextToken);
    const made = this.memory.created;
    const place = (item) => made.indexOf(item[ARN_OF[action]]);
    const ours = found.filter((item) => place(item) >= 0).sort((a, b) => place(a) - place(b));
    return { [PAGED[action]]: ours, $metadata: output.$metadata };
  }

  startWorker() {
    const activities = this.memory.created.filter((arn) => arn.includes(':activity:'));
    const script = scriptOf(this.scenario.recorded);
    if (activities.length === 0 || script.length === 0) return;
    const arn = this.memory.lastExecution();
    const worker = playWorker(
      script,
      activities,
      (action, params) => this.send(action, params),
      (count) => this.until(async () => (await this.countTimeouts(arn)) >= count),
    );
    this.workers.push(worker.catch((error) => (this.workerError = error)));
  }

  async countTimeouts(arn) {
    const { events } = await this.history(arn);
    return events.filter((event) => event.type === 'ActivityTimedOut').length;
  }

  async until(look) {
    const end = Date.now() + WAIT_MS;
    for (let pause = 4; !this.signal.aborted && Date.now() < end; pause = Math.min(pause * 1.5, 200)) {
      if (await look()) return;
      await sleep(pause);
    }
    throw new Error(`it did not end within ${WAIT_MS / 1000} s`);
  }

  /** Every execution that was started has ended, as the recorder waited for it. */
  async settle() {
    for (const start of this.memory.starts) {
      start.description ??= await this.ended(start.arn);
    }
  }

  /** The description of an ended execution; an express one has none. */
  async ended(arn) {
    if (arn.includes(':express:')) return {};
    let description;
    await this.until(async () => {
      description = await this.send('describe_execution', { executionArn: arn });
      return !['RUNNING', 'PENDING_REDRIVE'].includes(description.status);
    });
    return description;
  }

  /** All pages of a history, as one answer. */
  async history(executionArn, reverseOrder = false) {
    const events = [];
    let output;
    do {
      const nextToken = output?.nextToken;
      const params = { executionArn, maxResults: 1000, reverseOrder, ...(nextToken && { nextToken }) };
      output = await this.send('get_execution_history', params);
      events.push(...output.events);
    } while (output.nextToken);
    return { events, $metadata: output.$metadata };
  }

  async match(key) {
    const recorded = this.scenario.recorded[key];
    if (recorded === undefined || FOREIGN.includes(key) || NULL_REFUSED.test(recorded)) {
      if (recorded !== undefined) this.skipped.push(key);
      return;
    }
    const actual = await this.observe(key, recorded);
    this.pairs.push({ key, recorded: plain(recorded), actual: withoutLater(actual, this.scenario.recordedOn) });
  }

  async observe(key, recorded) {
    if (Array.isArray(recorded?.events) && this.last?.action !== 'get_execution_history') {
      return this.observeHistory(recorded.events);
    }
    if (key === 'cases') return this.observeCases();
    const { action, answer, refusal } = this.last;
    if (typeof recorded === 'string') return refusal ? refusalText(action, refusal) : answer;
    if (recorded?.exception_typename) return refusal ? exceptionOf(action, refusal) : answer;
    if (Array.isArray(recorded)) return answer?.[PAGED[action]] ?? answer ?? refusal;
    return answer ?? refusal;
  }

  async observeHistory(events) {
    const arn = this.memory.lastExecution();
    if (!arn) return this.last.answer ?? this.last.refusal;
    await this.settle();
    const reverse = events.length > 1 && events[0].id > events.at(-1).id;
    return answerOf(await this.history(arn, reverse), this.account);
  }

  /** One {input, output} of every execution, in the order of starting. */
  async observeCases() {
    await this.settle();
    return this.memory.starts.map(({ description }) => {
      const { input, output, status } = recordedAccount(plain(description), this.account);
      return output === undefined ? { input, status } : { input, output };
    });
  }

  /**
   * The recorder's calls may stop short of its recordings. What was recorded next is the answer of the last call when
   * it is a refusal, or an answer of a kind that only that call gives; the rest cannot be reached.
   */
  async matchLast() {
    const calls = this.scenario.calls;
    const matched = calls.filter(([action]) => action === '#match').map(([, { key }]) => key);
    const left = Object.keys(this.scenario.recorded).filter((key) => !matched.includes(key));
    const action = calls.at(-1)?.[0];
    const next = left.length > 0 && action && action !== '#match' ? this.scenario.recorded[left[0]] : undefined;
    if (next !== undefined && this.isAnswerOf(action, next)) await this.match(left.shift());
    this.skipped.push(...left);
  }

  isAnswerOf(action, recorded) {
    const { operation } = /calling the (?<operation>\w+) operation/.exec(recorded?.exception_value ?? '')?.groups ?? {};
    if (operation) return operation.toLowerCase() === action.replaceAll('_', '');
    return MEMBER_OF[action] !== undefined && recorded?.[MEMBER_OF[action]] !== undefined;
  }
}

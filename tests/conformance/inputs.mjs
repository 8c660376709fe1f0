// inputs.mjs - turns the parameters of a recorded call into those of a real one.
import { mapStrings, RECORDED_ACCOUNT } from './plain.mjs';

const EXECUTION_ARN = /arn:aws:states:[\w-]+:\d+:execution:([^:\s"]+):e(\d+)/g;
/* The test put 0000 over the last characters of an execution's ARN; the stub's ARNs are shorter than real ones. */
const ZEROED_ARN = /^arn:aws:states:[\w-]+:\d+:execution:([^:\s]+)0000$/;
const LOG_GROUP = /<MagicMock name='logs\.[^>]*>/g;

/** What a scenario has made and been told so far; the recorder's placeholders are looked up here. */
export class Memory {
  constructor(account) {
    this.account = account;
    this.starts = []; // {call, machine, arn}: `call` counts the calls of the scenario from 1
    this.fields = {}; // the last value of every field that an answer had
    this.created = []; // ARNs, in order
  }

  learn(action, params, answer, number) {
    this.remember(answer);
    if (action === 'start_execution' && answer.executionArn) {
      const machine = params.stateMachineArn.split(':')[6];
      this.starts.push({ call: number, machine, arn: answer.executionArn });
    }
    const made = action.startsWith('create_') && (answer.stateMachineArn ?? answer.activityArn);
    if (made && !this.created.includes(made)) this.created.push(made);
  }

  /** Of a list, its first item's fields. */
  remember(value) {
    if (value === null || typeof value !== 'object' || value instanceof Date) return;
    for (const [key, member] of Object.entries(Array.isArray(value) ? (value[0] ?? {}) : value)) {
      if (typeof member === 'string') this.fields[key] = member;
      else if (key !== '$metadata') this.remember(member);
    }
  }

  /** The recorder numbered executions by the call that started them, and may have counted calls that we do not see. */
  execution(machine, number) {
    const ours = this.starts.filter((start) => start.machine === machine);
    return (ours.filter((start) => start.call <= number).at(-1) ?? ours.at(-1))?.arn;
  }

  /** The ARN of the execution whose stub's ARN, less four characters, ends with `head`; zeros in place of its last. */
  zeroed(head) {
    const start = this.starts.find(({ machine, call }) => `${machine}:e${call}`.slice(0, -4) === head);
    return start && `${start.arn.slice(0, -4)}0000`;
  }

  lastExecution() {
    return this.starts.at(-1)?.arn;
  }

  /** The stub gives all roles one name; a role that an update brings was another one. */
  parametersOf(action, params, number) {
    const real = this.parameters(params);
    return action === 'update_state_machine' && real.roleArn ? { ...real, roleArn: `${real.roleArn}-${number}` } : real;
  }

  /** Real parameters: "x-FIELD" is a field of an earlier answer, e<n> an execution, the account is the server's. */
  parameters(params) {
    return mapStrings(params, (text) => this.text(text));
  }

  text(text) {
    const field = /^x-(\w+)$/.exec(text)?.[1];
    if (field && field in this.fields) return this.fields[field];
    return text
      .replace(LOG_GROUP, `arn:aws:logs:us-east-1:${RECORDED_ACCOUNT}:log-group:log_group_name:*`)
      .replace(EXECUTION_ARN, (arn, machine, number) => this.execution(machine, Number(number)) ?? arn)
      .replace(ZEROED_ARN, (arn, head) => this.zeroed(head) ?? arn)
      .replaceAll(`:${RECORDED_ACCOUNT}:`, `:${this.account}:`);
  }
}

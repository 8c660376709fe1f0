// answer.mjs - gives a real answer, or a real refusal, the form in which the recordings hold it.
import { operationOf } from '../sdk/client.mjs';
import { plain, recordedAccount } from './plain.mjs';

/* Of a refusal, what is not a member of the answer's own shape. */
const OF_THE_SDK = new Set([
  'name',
  'message',
  'Message',
  '__type',
  '$fault',
  '$response',
  '$service',
  '$retryable',
  'stack',
]);

function metadata(status) {
  return { HTTPStatusCode: status };
}

export function answerOf(output, account) {
  const status = output.$metadata?.httpStatusCode;
  return { ...recordedAccount(plain(output), account), ResponseMetadata: metadata(status) };
}

/** Members that a refusal has in the service's model, such as ResourceNotFound's resourceName. */
function modelled(error) {
  const own = Object.keys(error).filter((key) => !OF_THE_SDK.has(key) && key !== '$metadata');
  return Object.fromEntries(own.map((key) => [key, error[key]]));
}

export function refusalOf(error, account) {
  const refusal = {
    Error: { Code: error.name, Message: error.message },
    message: error.message,
    ...modelled(error),
    ResponseMetadata: metadata(error.$metadata?.httpStatusCode),
  };
  return recordedAccount(plain(refusal), account);
}

/** As the recorder's client prints it. */
export function refusalText(action, refusal) {
  const { Code, Message } = refusal.Error;
  return `An error occurred (${Code}) when calling the ${operationOf(action)} operation: ${textOf(Message)}`;
}

function textOf(message) {
  return typeof message === 'string' ? message : JSON.stringify(message);
}

export function exceptionOf(action, refusal) {
  return { exception_typename: refusal.Error.Code, exception_value: refusalText(action, refusal) };
}

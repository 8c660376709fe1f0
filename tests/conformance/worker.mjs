// worker.mjs - the activity worker of a scenario: does what the recorded history says that a worker has done.

/** Splits the activities' events into visits: {started, worker, end: {type, ...details}} in order. */
export function scriptOf(recorded) {
  const visits = [];
  for (const { type, ...event } of historiesOf(recorded).flat()) {
    if (type === 'ActivityScheduled') visits.push({ started: false, end: null });
    const visit = visits.at(-1);
    if (!visit || !type.startsWith('Activity')) continue;
    if (type === 'ActivityStarted') {
      Object.assign(visit, { started: true, worker: event.activityStartedEventDetails?.workerName });
    } else if (type !== 'ActivityScheduled') {
      const details = Object.entries(event).find(([key]) => key.endsWith('EventDetails'))?.[1];
      visit.end = { type, ...details };
    }
  }
  return visits;
}

function historiesOf(recorded) {
  return Object.values(recorded)
    .filter((value) => Array.isArray(value?.events))
    .map((value) => value.events);
}

function asJson(output) {
  if (typeof output !== 'string') return JSON.stringify(output);
  try {
    JSON.parse(output);
    return output;
  } catch {
    return JSON.stringify(output);
  }
}

function asText(value) {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

async function finish(send, taskToken, end) {
  if (end?.type === 'ActivitySucceeded') {
    await send('send_task_heartbeat', { taskToken });
    await send('send_task_success', { taskToken, output: asJson(end.output) });
  } else if (end?.type === 'ActivityFailed') {
    await send('send_task_failure', { taskToken, error: end.error, cause: asText(end.cause) });
  }
}

/**
 * Plays the script against the activities that the scenario has made. A task that nobody started is left to run into
 * its timeout, and so is one whose recording ends with ActivityTimedOut.
 */
export async function playWorker(script, activityArns, send, timedOut) {
  let lost = 0;
  for (const [index, visit] of script.entries()) {
    if (visit.end?.type === 'ActivityTimedOut') lost++;
    if (visit.started) {
      const activityArn = activityArns[index % activityArns.length];
      const workerName = visit.worker;
      const task = await send('get_activity_task', { activityArn, ...(workerName && { workerName }) });
      if (task.taskToken) await finish(send, task.taskToken, visit.end);
    }
    if (visit.end?.type === 'ActivityTimedOut' && index + 1 < script.length) await timedOut(lost);
  }
}

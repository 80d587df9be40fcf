import { ownValue } from '../../../base/ownValue.js';
import type { ScriptCall } from '../../../protocol/gen/muster/v1/schedules_pb.js';
import { optional } from '../wireJson.js';
import { isoTime, orUndefined } from '../wireText.js';

/** What the newer agent-compose calls each thing that a script did, when it went well and when it did not. */
const typesOf: Readonly<Record<string, readonly [string, string]>> = {
  'agent': ['agent.completed', 'agent.failed'],
  'exec': ['command.completed', 'command.failed'],
  'shell': ['command.completed', 'command.failed'],
  'llm': ['llm.completed', 'llm.failed'],
  'event.publish': ['event.published', 'event.publish.failed'],
  'sandbox.create': ['sandbox.created', 'sandbox.rpc.failed'],
  'sandbox.resume': ['sandbox.resumed', 'sandbox.rpc.failed'],
  'sandbox.stop': ['sandbox.stopped', 'sandbox.stop_failed'],
  'sandbox.get': ['sandbox.rpc.completed', 'sandbox.rpc.failed'],
  'sandbox.list': ['sandbox.rpc.completed', 'sandbox.rpc.failed'],
  'log': ['log', 'log'],
  'phase': ['phase', 'phase'],
  'workflow': ['workflow.completed', 'workflow.failed'],
};

/** One call as an event; nothing for those that only read and write what the script remembers. */
export function scriptCallEvents(call: ScriptCall) {
  const types = ownValue(typesOf, call.name.replace(/ \(reused\)$/, ''));
  if (!types) return [];
  const isSaid = types[0] === types[1];
  const [words, more] = isSaid ? saidIn(call.given) : [call.error, call.got];
  const level = levelOf(isSaid ? more : '');
  return [
    {
      type: `scheduler.${call.error === '' ? types[0] : types[1]}`,
      level: call.error === '' ? (level ?? 'info') : 'error',
      created_at: isoTime(call.at),
      ...optional({
        message: orUndefined(words),
        payload_json: more === 'null' || level !== undefined ? undefined : orUndefined(more),
        sandbox_id: orUndefined(call.threadId),
        cell_id: orUndefined(call.runId),
      }),
    },
  ];
}

/** The words and the payload of a line that was logged. The record keeps no more than a person reads, so that it may be no JSON. */
function saidIn(given: string): readonly [string, string] {
  try {
    const said: unknown = JSON.parse(given);
    const [words, payload]: readonly unknown[] = Array.isArray(said) ? said : [said];
    return [
      typeof words === 'string' ? words : JSON.stringify(words),
      payload === undefined ? '' : JSON.stringify(payload),
    ];
  } catch {
    return [given, ''];
  }
}

/** `console.warn` and its like say how bad it is in the place of a payload. */
function levelOf(payload: string): string | undefined {
  return /^\{"level":"(\w+)"\}$/.exec(payload)?.[1];
}

import type { AgentEvent } from '../agentEvent.js';
import type { Provider } from '../provider.js';
import { textField } from '../../../base/unknownFields.js';
import { concludeRun, type CliFacts } from './conclusion.js';
import { type JsonObject, parseObject } from './jsonOutput.js';

const cli: CliFacts = {
  title: 'The demonstration agent',
  fix: { install: 'It is part of Muster; install Muster again.', login: 'It needs no account.' },
  alwaysSaysResult: true,
};

/** Built in and without an account: makes one small, labelled change so that a newcomer sees the whole flow. */
export const demo: Provider = {
  name: 'demo',
  fix: cli.fix,
  builtIn: true,
  command: ({ args, conversation }) => ({
    argv: [
      '{{node}}',
      '{{dist}}/demoAgent.js',
      ...(conversation === undefined ? [] : ['--conversation', conversation]),
      ...args,
    ],
    env: {},
    stdin: 'prompt',
  }),
  parse(line) {
    const event = parseObject(line);
    const parsed = event && parseEvent(event);
    if (parsed) return [parsed];
    return line.trim() === '' ? [] : [{ kind: 'raw', text: line }];
  },
  conclude: (exit, digest) => concludeRun(exit, digest, cli),
};

/** The program speaks {@link AgentEvent} itself; checked all the same, because anything may write to its output. */
function parseEvent(event: JsonObject): AgentEvent | undefined {
  const text = textField(event, 'text');
  switch (event['kind']) {
    case 'conversation':
      return { kind: 'conversation', id: textField(event, 'id') };
    case 'text':
      return { kind: 'text', text };
    case 'result':
      return { kind: 'result', text };
    case 'error':
      return { kind: 'error', message: textField(event, 'message'), reason: 'other' };
    case 'tool_call': {
      const [tool, title, path] = [textField(event, 'tool'), textField(event, 'title'), textField(event, 'path')];
      return {
        kind: 'tool_call',
        callId: textField(event, 'callId'),
        tool,
        category: tool === 'write' ? 'edit' : 'search',
        title,
        input: textField(event, 'input'),
        ...(path === '' ? {} : { path }),
      };
    }
    case 'tool_result':
      return {
        kind: 'tool_result',
        callId: textField(event, 'callId'),
        ok: event['ok'] === true,
        output: textField(event, 'output'),
      };
    default:
      return undefined;
  }
}

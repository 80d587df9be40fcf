import type { AgentEvent } from '../agentEvent.js';
import type { Provider } from '../provider.js';
import { concludeRun, type CliFacts } from './conclusion.js';
import { type JsonObject, parseObject, textAt } from './jsonOutput.js';

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
  const text = textAt(event, 'text');
  switch (event['kind']) {
    case 'conversation':
      return { kind: 'conversation', id: textAt(event, 'id') };
    case 'text':
      return { kind: 'text', text };
    case 'result':
      return { kind: 'result', text };
    case 'error':
      return { kind: 'error', message: textAt(event, 'message'), reason: 'other' };
    case 'tool_call': {
      const [tool, title, path] = [textAt(event, 'tool'), textAt(event, 'title'), textAt(event, 'path')];
      return {
        kind: 'tool_call',
        callId: textAt(event, 'callId'),
        tool,
        category: tool === 'write' ? 'edit' : 'search',
        title,
        input: textAt(event, 'input'),
        ...(path === '' ? {} : { path }),
      };
    }
    case 'tool_result':
      return {
        kind: 'tool_result',
        callId: textAt(event, 'callId'),
        ok: event['ok'] === true,
        output: textAt(event, 'output'),
      };
    default:
      return undefined;
  }
}

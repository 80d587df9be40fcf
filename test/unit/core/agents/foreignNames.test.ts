import { describe, expect, test } from 'vitest';
import { ProviderRegistries } from '../../../../src/core/agents/providerRegistries.js';
import { digestEvent, emptyDigest } from '../../../../src/core/runs/runDigest.js';
import { specOf } from '../../../support/projectSpecs.ts';

/** What every object inherits, and therefore what a table in an object literal would answer. */
const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];

function linesWith(name: string): Readonly<Record<string, readonly unknown[]>> {
  return {
    claude: [
      { type: 'assistant', error: name, message: { content: [] } },
      { type: 'assistant', message: { content: [{ type: 'tool_use', id: '1', name, input: {} }] } },
    ],
    codex: [{ type: 'item.started', item: { type: 'mcp_tool_call', id: '1', server: name, tool: name } }],
    gemini: [{ type: 'tool_use', tool_id: '1', tool_name: name, parameters: {} }],
    opencode: [
      { type: 'error', error: { name, data: {} } },
      { type: 'tool_use', part: { type: 'tool', tool: name, callID: '1', state: { status: 'completed', input: {} } } },
    ],
  };
}

describe.each(inherited)('an agent that names something %s', name => {
  const providers = new ProviderRegistries(provider => provider).of(specOf('agents: {dev: {provider: claude}}'));

  test.each(Object.entries(linesWith(name)))('is read like any other by %s', (provider, lines) => {
    const events = lines.flatMap(line => providers.get(provider).parse(JSON.stringify(line)));
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      if (event.kind === 'error') expect(event.reason).toBe('other');
      if (event.kind === 'tool_call') expect(event.category).toBe('other');
    }
    const digest = events.reduce(digestEvent, emptyDigest);
    expect(JSON.parse(JSON.stringify(digest))).toEqual(digest);
  });
});

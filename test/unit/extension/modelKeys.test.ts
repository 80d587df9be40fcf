import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { HostClient } from '../../../src/client/hostClient.js';
import { ModelKeys } from '../../../src/extension/host/modelKeys.js';

/** VS Code's storage in memory, and a host that remembers what it is told. */
function world() {
  const secrets = new Map<string, string>();
  const state = new Map<string, unknown>();
  const offered: { upstream: string; key: string }[] = [];
  const context = {
    secrets: {
      get: async (key: string) => secrets.get(key),
      store: async (key: string, value: string) => void secrets.set(key, value),
      delete: async (key: string) => void secrets.delete(key),
    },
    globalState: {
      get: (key: string) => state.get(key),
      update: async (key: string, value: unknown) => void state.set(key, value),
    },
  };
  const client = {
    models: {
      offerModelKey: async (request: { upstream: string; key: string }) => {
        if (request.upstream === 'unknown') throw new Error('There is no such upstream.');
        offered.push(request);
        return {};
      },
    },
  } as unknown as HostClient;
  return { secrets, state, offered, client, keys: new ModelKeys(context as never, silentLog) };
}

describe('model keys of the editor', () => {
  it('are kept in secret storage alone, and every new host hears of them', async () => {
    const { keys, client, secrets, state, offered } = world();
    await keys.store(client, 'openai', 'sk-1');
    await keys.store(client, 'anthropic', 'sk-2');
    expect([...secrets.values()]).toEqual(['sk-1', 'sk-2']);
    expect(JSON.stringify([...state])).not.toContain('sk-');
    offered.length = 0;
    await keys.offerAll(client);
    expect(offered).toEqual([
      { upstream: 'openai', key: 'sk-1' },
      { upstream: 'anthropic', key: 'sk-2' },
    ]);
  });

  it('that are taken back are gone from both', async () => {
    const { keys, client, secrets, offered } = world();
    await keys.store(client, 'openai', 'sk-1');
    await keys.store(client, 'openai', '');
    expect(secrets.size).toBe(0);
    expect(offered.at(-1)).toEqual({ upstream: 'openai', key: '' });
    offered.length = 0;
    await keys.offerAll(client);
    expect(offered).toEqual([]);
  });

  it('are not kept when the host does not take them, and one that it refuses keeps no other from it', async () => {
    const { keys, client, secrets, state, offered } = world();
    await expect(keys.store(client, 'unknown', 'sk-1')).rejects.toThrow();
    expect(secrets.size).toBe(0);
    await keys.store(client, 'openai', 'sk-2');
    state.set('muster.modelKeyNames', ['unknown', 7, 'openai']);
    secrets.set('muster.modelKey.unknown', 'old');
    offered.length = 0;
    await keys.offerAll(client);
    expect(offered).toEqual([{ upstream: 'openai', key: 'sk-2' }]);
  });
});

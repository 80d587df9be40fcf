import { describe, expect, it } from 'vitest';
import { allowList, reachedHosts } from '../../../src/core/sandboxes/allowList.js';
import { agent, read } from './readCompose.js';

function agentWith(text: string) {
  const { spec, diagnostics } = read(agent(text));
  if (!spec) throw new Error(diagnostics.map(found => found.message).join('\n'));
  return spec.agents[0];
}

describe('what a container reaches', () => {
  it.each([
    ['nothing is said', 'image: x', undefined],
    ['none', 'sandbox: {network: none}', 'none'],
    ['the usual registries', 'sandbox: {network: allow-list}', undefined],
    ['everything', 'sandbox: {network: full}', 'full'],
    ['hosts', 'sandbox: {network: [B.example, a.example:81]}', ['a.example:81', 'b.example']],
    ['hosts and registries', 'sandbox: {network: [b.example, allow-list]}', ['allow-list', 'b.example']],
  ])('%s', (_, text, network) => {
    expect(agentWith(text)?.sandbox.network).toEqual(network);
  });

  it('is registries of packages unless the file says otherwise', () => {
    expect(reachedHosts(undefined)).toContain('registry.npmjs.org');
    expect(reachedHosts(['allow-list', 'b.example'])).toEqual(allowList.concat('b.example'));
    expect(reachedHosts(['b.example'])).toEqual(['b.example']);
    expect(reachedHosts('none')).toBe('none');
    // Where one can publish as well as read, and read elsewhere.
    for (const host of ['crates.io', 'upload.pypi.org', 'github.com'])
      expect(reachedHosts(undefined)).not.toContain(host);
  });
});

describe('the other fields of a sandbox', () => {
  it('confine a process in one word', () => {
    for (const text of ['sandbox: strict', 'sandbox: Strict', 'sandbox: {process: strict}'])
      expect(agentWith(text)?.sandbox).toMatchObject({ process: 'strict' });
    expect(read(agent('sandbox: loose')).diagnostics).toMatchObject([{ severity: 'error' }]);
  });

  it('say when an image is fetched, and how much may be used', () => {
    expect(agentWith('sandbox: {pull: always}')?.sandbox.pull).toBe('always');
    expect(agentWith('resources: {cpus: 2, memory: 1g, pids: 64, disk: 2g}')?.resources).toEqual({
      cpus: 2,
      memoryBytes: 1024 ** 3,
      pids: 64,
      diskBytes: 2 * 1024 ** 3,
    });
  });
});

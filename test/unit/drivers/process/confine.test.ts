import { describe, expect, test } from 'vitest';
import { confine } from '../../../../src/drivers/process/confine.js';

const places = {
  writable: ['/work', '/gone'],
  readOnly: [{ path: '/work/.git/config', kind: 'file', of: '/work/.git' }],
} as const;
const exists = (path: string): boolean => path !== '/gone';

describe('a confined command', () => {
  test('is not started where nothing confines it', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const start = (): unknown => confine(places, { env: { PATH: '/no/such' }, cwd: '/', platform, exists });
      expect(start).toThrow(expect.objectContaining({ code: 'sandbox.unavailable' }));
    }
  });

  test('never takes what confines it from the agent’s files', () => {
    const start = (): unknown =>
      confine(places, { env: { PATH: '/usr/bin' }, cwd: '/', untrusted: ['/usr'], platform: 'linux', exists });
    expect(start).toThrow(/bwrap was not found/);
  });
});

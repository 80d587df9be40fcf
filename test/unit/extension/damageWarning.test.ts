import { expect, it, vi } from 'vitest';
import { Emitter } from '../../../src/base/event.js';
import type { HostState } from '../../../src/extension/host/hostConnection.js';
import { warnOfDamage } from '../../../src/extension/notifications/damageWarning.js';

const showWarning = vi.hoisted(() =>
  vi.fn<(text: string, ...buttons: readonly string[]) => Promise<undefined>>(async () => undefined),
);
vi.mock('../../../src/extension/plain/messages.js', () => ({ showWarning }));

it('a damaged database is spoken of once per window, however often the host comes back', () => {
  const states = new Emitter<HostState>();
  const host = { damaged: ['/state/muster.db.corrupt-1'], onDidChangeState: states.event.bind(states) };
  const warning = warnOfDamage(host);
  for (const state of ['connecting', 'connected', 'stopped', 'connected'] as const) states.fire(state);
  expect(showWarning).toHaveBeenCalledTimes(1);
  expect(showWarning.mock.calls[0]?.[0]).toMatch(/muster recover/);
  void warning.dispose();
});

it('nothing is said of a database that is whole', () => {
  const states = new Emitter<HostState>();
  showWarning.mockClear();
  void warnOfDamage({ damaged: [], onDidChangeState: states.event.bind(states) });
  states.fire('connected');
  expect(showWarning).not.toHaveBeenCalled();
});

import { describe, expect, it } from 'vitest';
import { parseId } from '../../../../src/base/ids.js';
import { builtInPrices } from '../../../../src/core/models/builtInPrices.js';
import type { Admitted } from '../../../../src/core/models/modelGate.js';
import { noTokens } from '../../../../src/core/models/tokenCounts.js';
import { builtInUpstreams } from '../../../../src/core/models/upstream.js';
import { hostKeyOf, publicKeyText, signedToken, type RunClaims } from '../../../../src/host/facade/signedToken.js';
import { SignedGate } from '../../../../src/host/farFacade/signedGate.js';
import { UsageLedger } from '../../../../src/host/farFacade/usageLedger.js';
import { claimsOf, facadeName, newKey } from '../../../support/facadeTokens.ts';

const keys = [newKey(), newKey()] as const;
const [own, other] = keys;
const run = parseId<'run'>('0123456789ab');
const idOf = (key: typeof own): string => hostKeyOf(publicKeyText(key))?.id ?? '';

function scene() {
  const ledger = new UsageLedger();
  const time = { now: Date.now() };
  const gate = new SignedGate({
    keys: keys.map(key => hostKeyOf(publicKeyText(key))).filter(key => key !== undefined),
    facade: facadeName,
    rules: () => ({ upstreams: builtInUpstreams, prices: builtInPrices, budget: {} }),
    ledger,
    clock: { now: () => time.now, awake: () => time.now, sleep: async () => {} },
  });
  const enter = (changed: Partial<RunClaims> = {}, key = own, model = 'claude-sonnet-4-5') =>
    gate.enter({
      token: signedToken(claimsOf(key, changed), key),
      protocol: 'messages',
      model,
      requestBytes: 100,
      billed: true,
    });
  const end = (call: ReturnType<typeof enter>, output = 100): void => {
    const { call: id = 0 } = call as Admitted;
    const tokens = { ...noTokens, output };
    gate.end({ id, run, model: 'claude-sonnet-4-5' }, { status: 200, totalMs: 1, tokens, estimated: false });
  };
  return { gate, ledger, time, enter, end };
}

describe('a gate that believes signatures', () => {
  it('lets a run have so many calls at work and no more, and again when one has ended', () => {
    const { enter, end } = scene();
    const begun = Array.from({ length: 64 }, () => enter());
    expect(begun.every(({ kind }) => kind === 'admitted')).toBe(true);
    expect(enter()).toMatchObject({ kind: 'refused', reason: 'busy' });
    expect(enter({ run: parseId('1123456789ab') })).toMatchObject({ kind: 'admitted' });
    if (begun[0]) end(begun[0]);
    expect(enter()).toMatchObject({ kind: 'admitted' });
  });

  it('stops a run for its own host alone, until its token has expired', () => {
    const { gate, time, enter } = scene();
    enter();
    const until = time.now + 600_000;
    const stop = [{ run, why: 'The run has ended.', until, over: true }];
    expect(gate.stop({ host: idOf(other), stop })).toEqual([]);
    expect(enter()).toMatchObject({ kind: 'admitted' });
    expect(gate.stop({ host: idOf(own), stop })).toEqual([run]);
    expect(enter()).toMatchObject({ kind: 'refused', message: 'The run has ended.' });
    // Told before it ever called here.
    const late = parseId<'run'>('2123456789ab');
    expect(gate.stop({ host: idOf(own), stop: [{ run: late, why: 'Over.', until, over: false }] })).toEqual([]);
    expect(enter({ run: late })).toMatchObject({ kind: 'refused' });
    time.now += 601_000;
    expect(enter()).toMatchObject({ kind: 'refused', reason: 'token' });
  });

  it('tells once of each reason that a budget is reached, and refuses what it cannot watch', () => {
    const { ledger, enter, end } = scene();
    const cap = { scope: 'run', unit: 'usd', limit: 1, place: 'agents.dev.budget.usd_per_run', spent: 0.999 } as const;
    const caps = [cap];
    expect(enter({ caps }, own, 'unheard-of')).toMatchObject({ reason: 'budget' });
    end(enter({ caps }), 1_000_000);
    for (const _ of [1, 2]) expect(enter({ caps })).toMatchObject({ reason: 'budget' });
    const { calls } = ledger.report({ host: idOf(own), taken: {} });
    expect(calls.map(({ refused, call }) => refused ?? call?.end.status)).toEqual([
      expect.stringContaining('has no price') as string,
      200,
      expect.stringContaining('The budget of this run is used up') as string,
    ]);
    for (let index = 0; index < 50; index++) enter({ caps: [{ ...cap, spent: 0 }] }, own, `unheard-of-${index}`);
    expect(ledger.report({ host: idOf(own), taken: {} }).calls.length).toBeLessThan(12);
  });
});

describe('the ledger', () => {
  it('keeps what calls came to for their host until it has it', async () => {
    const { ledger, enter, end } = scene();
    end(enter());
    end(enter());
    end(enter({ host: idOf(other) }, other));
    const all = ledger.allTaken();
    const first = ledger.report({ host: idOf(own), taken: {} });
    expect(first.calls.map(({ number }) => number)).toEqual([1, 2]);
    expect(ledger.report({ host: idOf(own), taken: { [ledger.process]: 1 } }).calls).toHaveLength(1);
    expect(ledger.report({ host: idOf(own), taken: { somebody: 9 } }).calls).toHaveLength(1);
    expect(ledger.report({ host: idOf(own), taken: { [ledger.process]: 2 } }).calls).toEqual([]);
    expect(ledger.report({ host: idOf(other), taken: { [ledger.process]: 1 } }).calls).toEqual([]);
    await all;
    end(enter());
    expect(ledger.report({ host: idOf(own), taken: {} }).calls).toMatchObject([{ number: 3 }]);
  });

  it('has room for many, loses the oldest, and says how many', () => {
    const ledger = new UsageLedger();
    for (let index = 0; index < 20_005; index++) ledger.add('host', { run, refused: `${index}` });
    const report = ledger.report({ host: 'host', taken: {} });
    expect(report).toMatchObject({ lost: 5, more: true });
    expect(report.calls[0]).toMatchObject({ number: 6, refused: '5' });
    expect(report.calls).toHaveLength(1_000);
  });
});

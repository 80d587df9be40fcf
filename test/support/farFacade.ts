import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { parseId } from '../../src/base/ids.js';
import { silentLog } from '../../src/base/log.js';
import { Redactor } from '../../src/base/redactor.js';
import type { FarFacades } from '../../src/core/models/farFacade.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { hostKeyOf, publicKeyText, signedToken, type RunClaims } from '../../src/host/facade/signedToken.js';
import { FarFacade } from '../../src/host/farFacade/farFacade.js';
import { farSettings } from '../../src/host/farFacade/farSettings.js';
import { callFacade, upstreamKey } from './facadeHost.js';

export const facadeName = 'muster-facade.muster';

/** What a run of a test may call, for ten minutes. */
export function claimsOf(key: KeyObject, changed: Partial<RunClaims> = {}): RunClaims {
  const now = Date.now();
  return {
    use: 'run',
    host: hostKeyOf(publicKeyText(key))?.id ?? '',
    facade: facadeName,
    issued: now,
    expires: now + 600_000,
    run: parseId('0123456789ab'),
    agent: 'dev',
    models: [],
    caps: [],
    ...changed,
  };
}

/** What a host says to a facade; with what it is answered. */
export async function collect(
  control: string,
  key: KeyObject,
  changed: { readonly taken?: Record<string, number>; readonly stop?: readonly object[] } = {},
) {
  const { host, facade, issued, expires } = claimsOf(key);
  const claims = { use: 'collect', host, facade, issued, expires, taken: {}, stop: [], ...changed };
  const answer = await callFacade(control, { path: '/usage', body: signedToken(claims as never, key) });
  return { status: answer.status, report: JSON.parse(answer.text) as CollectedUsage };
}

export interface CollectedUsage {
  readonly process: string;
  readonly calls: readonly {
    readonly number: number;
    readonly run: string;
    readonly call?: { readonly end: object };
  }[];
  readonly more: boolean;
  readonly lost: number;
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

/** What `muster facade` is told by its environment; every upstream is the one that is given. */
export function facadeVariables(options: { readonly keys: readonly KeyObject[]; readonly upstream: string }) {
  return {
    MUSTER_FACADE_NAME: facadeName,
    MUSTER_FACADE_HOST_KEYS: options.keys.map(publicKeyText).join(' '),
    MUSTER_FACADE_LISTEN: '127.0.0.1:0',
    MUSTER_FACADE_CONTROL: '127.0.0.1:0',
    MUSTER_FACADE_SETTINGS: '/nowhere/models.json',
    ANTHROPIC_API_KEY: upstreamKey,
    ANTHROPIC_BASE_URL: options.upstream,
    OPENAI_API_KEY: upstreamKey,
    OPENAI_BASE_URL: `${options.upstream}/v1`,
  };
}

/** The facade in this process, until the test ends. */
export async function facadeElsewhere(variables: Readonly<Record<string, string>>) {
  const parts = { clock: createNodeClock(), log: silentLog, redactor: new Redactor(), environment: variables };
  const facade = new FarFacade(farSettings(variables), parts);
  const { models, control } = await facade.listen();
  onTestFinished(() => facade.dispose());
  return { facade, url: `http://127.0.0.1:${models}`, port: models, control: `http://127.0.0.1:${control}` };
}

/** As a cluster has them: each process is asked that is there. */
export function facadesAt(controls: readonly string[]): FarFacades {
  return {
    ask: async (_, word) => {
      const answers = await Promise.all(controls.map(url => callFacade(url, { path: '/usage', body: word })));
      return answers.filter(({ status }) => status === 200).map(({ text }) => text);
    },
  };
}

import type { KeyObject } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { Redactor } from '../../src/base/redactor.js';
import type { FarFacades } from '../../src/core/models/farFacade.js';
import { createNodeClock } from '../../src/drivers/process/nodeClock.js';
import { signedToken } from '../../src/host/facade/signedToken.js';
import { FarFacade } from '../../src/host/farFacade/farFacade.js';
import { farSettings } from '../../src/host/farFacade/farSettings.js';
import { callFacade } from './facadeHost.js';
import { claimsOf } from './facadeTokens.ts';

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

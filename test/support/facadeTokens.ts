import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { parseId } from '../../src/base/ids.ts';
import { hostKeyOf, publicKeyText, type RunClaims } from '../../src/host/facade/signedToken.ts';

/** As long and as telling as a real one; looked for wherever it must not be. */
export const upstreamKey = 'upstream-key-0123456789abcdef';

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

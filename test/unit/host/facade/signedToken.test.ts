import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseId } from '../../../../src/base/ids.js';
import {
  hostKeyOf,
  publicKeyText,
  signedToken,
  verifiedCollect,
  verifiedRun,
  type HostKey,
  type RunClaims,
} from '../../../../src/host/facade/signedToken.js';

const own = generateKeyPairSync('ed25519').privateKey;
const other = generateKeyPairSync('ed25519').privateKey;
const now = 1_800_000_000_000;
const facade = 'muster-facade.muster';

function known(key: KeyObject): HostKey {
  const found = hostKeyOf(publicKeyText(key));
  if (!found) throw new Error('No key');
  return found;
}

const claims: RunClaims = {
  use: 'run',
  host: known(own).id,
  facade,
  issued: now,
  expires: now + 60_000,
  run: parseId('0123456789ab'),
  agent: 'dev',
  models: ['claude-*'],
  caps: [{ scope: 'run', unit: 'usd', limit: 1, place: 'agents.dev.budget.usd_per_run', spent: 0 }],
};
const verifying = { keys: [known(own)], facade, now };
const token = signedToken(claims, own);
const [payload = '', signature = ''] = token.slice('muster_far_'.length).split('.');
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const put = (changed: object): string => `muster_far_${encoded({ ...claims, ...changed })}.${signature}`;

describe('a signed token', () => {
  it('says what its host has signed', () => {
    expect(verifiedRun(token, verifying)).toEqual(claims);
    expect(verifiedRun(token, { ...verifying, keys: [known(other), known(own)] })).toEqual(claims);
  });

  it.each<readonly [string, string]>([
    ['nothing', ''],
    ['another run', put({ run: '1123456789ab' })],
    ['more models', put({ models: [] })],
    ['a later end', put({ expires: now + 1e12 })],
    ['no signature', `muster_far_${payload}.`],
    ['half of one', `muster_far_${payload}.${signature.slice(0, 40)}`],
    ['a signature of nothing', `muster_far_${payload}.${'A'.repeat(86)}`],
    ['an algorithm before it', `muster_far_${encoded({ alg: 'none' })}.${payload}.${signature}`],
    ['an HMAC with the public key', hmacLike()],
    ['another last character for the same bytes', `${token.slice(0, -1)}${nextLetter(token)}`],
    ['white space after it', `${token}\n`],
    ['the shape of another token', token.replace('muster_far_', 'muster_llm_')],
    ['the same bytes signed for something else', bare(claims)],
    ['a word of the host', signedToken({ ...collect, stop: [] }, own)],
  ])('opens nothing with %s', (_, wrong) => {
    expect(verifiedRun(wrong, verifying)).toBeUndefined();
  });

  it('opens nothing of another host, under its name or its own', () => {
    expect(verifiedRun(signedToken(claims, other), verifying)).toBeUndefined();
    const both = { ...verifying, keys: [known(own), known(other)] };
    // The other host is believed here too, and still cannot speak for this one.
    expect(verifiedRun(signedToken(claims, other), both)).toBeUndefined();
    expect(verifiedRun(signedToken({ ...claims, host: known(other).id }, other), both)).toBeDefined();
  });

  it('opens nothing at another facade, once it has expired, and long before it was made', () => {
    expect(verifiedRun(token, { ...verifying, facade: 'muster-facade.other' })).toBeUndefined();
    expect(verifiedRun(token, { ...verifying, now: claims.expires })).toBeUndefined();
    expect(verifiedRun(token, { ...verifying, now: claims.expires - 1 })).toBeDefined();
    expect(verifiedRun(token, { ...verifying, now: now - 120_000 })).toBeUndefined();
  });

  it('opens nothing when it says more or less than claims do', () => {
    const { caps: _, ...fewer } = claims;
    for (const wrong of [fewer, { ...claims, admin: true }, { ...claims, run: '../..' }, { ...claims, expires: '9' }])
      expect(verifiedRun(signedToken(wrong as RunClaims, own), verifying)).toBeUndefined();
  });
});

const collect = {
  use: 'collect',
  host: known(own).id,
  facade,
  issued: now,
  expires: now + 60_000,
  taken: {},
  stop: [],
} as const;

describe('a word of a host', () => {
  it('is no token, and a token is none', () => {
    expect(verifiedCollect(signedToken({ ...collect, stop: [] }, own), verifying)).toEqual(collect);
    expect(verifiedCollect(token, verifying)).toBeUndefined();
  });
});

describe('a public key', () => {
  it('is of Ed25519 and as a host prints it', () => {
    const text = publicKeyText(own);
    expect(hostKeyOf(text)?.key.equals(createPublicKey(own))).toBe(true);
    for (const wrong of ['', text.slice(0, -1), `${text}A`, own.export({ type: 'pkcs8', format: 'pem' }).toString()])
      expect(hostKeyOf(wrong)).toBeUndefined();
  });
});

function bare(value: RunClaims): string {
  const said = encoded(value);
  return `muster_far_${said}.${sign(undefined, Buffer.from(said), own).toString('base64url')}`;
}

function hmacLike(): string {
  return `muster_far_${payload}.${Buffer.alloc(64, publicKeyText(own)).toString('base64url')}`;
}

/** Base64url of 64 bytes has four bits too many. */
function nextLetter(text: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return letters[letters.indexOf(text.slice(-1)) + 1] ?? '';
}

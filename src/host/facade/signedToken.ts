import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { isId, type RunId } from '../../base/ids.js';

const prefix = 'muster_far_';
/** What is signed begins with it, so that nothing else that the key ever signs is a token. */
const domain = 'muster far facade 1\n';
/** Of an Ed25519 signature and of nothing else: a token names no algorithm that somebody could choose. */
const shape = /^muster_far_([A-Za-z0-9_-]{16,262144})\.([A-Za-z0-9_-]{86})$/;
const publicShape = /^muster-facade-key:([A-Za-z0-9_-]{43})$/;
/** Clocks of two machines differ. */
const skewMs = 60_000;

const runId = z.string().refine((text): text is RunId => isId<'run'>(text));
const time = z.int().nonnegative();
const common = { host: z.string().min(1).max(64), facade: z.string().min(1).max(200), issued: time, expires: time };

const runSchema = z.strictObject({
  ...common,
  use: z.literal('run'),
  run: runId,
  agent: z.string().max(200),
  upstream: z.string().optional(),
  models: z.array(z.string()),
  ownModel: z.string().optional(),
  caps: z.array(
    z.strictObject({
      scope: z.enum(['run', 'thread', 'agent_day', 'project_day', 'day']),
      unit: z.enum(['usd', 'tokens']),
      limit: z.number().nonnegative(),
      place: z.string(),
      spent: z.number().nonnegative(),
    }),
  ),
});

const collectSchema = z.strictObject({
  ...common,
  use: z.literal('collect'),
  taken: z.record(z.string().max(64), z.int().nonnegative()),
  /** `until`: when its token has expired anyway. `over`: the run has ended, so that its calls at work are of no use. */
  stop: z.array(z.strictObject({ run: runId, why: z.string(), until: time, over: z.boolean() })),
});

/** What a run may call, as its host has signed it. */
export type RunClaims = z.infer<typeof runSchema>;

/** A host asks for what its runs used, says what it has of that already, and which runs are to call no more. */
export type CollectClaims = z.infer<typeof collectSchema>;

/** A public key that a facade believes, and what it is called in claims. */
export interface HostKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** The text of a public key, for people who set a facade up. */
export function publicKeyText(key: KeyObject): string {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return `muster-facade-key:${x}`;
}

/** `undefined` for what is no such text. */
export function hostKeyOf(text: string): HostKey | undefined {
  const x = publicShape.exec(text)?.[1];
  if (x === undefined) return undefined;
  const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { id, key: createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } }) };
}

/** Signs claims with the host's private key, which is one of Ed25519. */
export function signedToken(claims: RunClaims | CollectClaims, key: KeyObject): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${prefix}${payload}.${sign(undefined, Buffer.from(domain + payload), key).toString('base64url')}`;
}

/** Who is asked and when, for {@link verifiedRun} and {@link verifiedCollect}. */
export interface Verifying {
  readonly keys: readonly HostKey[];
  /** The facade's own name. */
  readonly facade: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The claims of a run's token; `undefined` for everything that opens nothing here. */
export function verifiedRun(token: string, verifying: Verifying): RunClaims | undefined {
  const { claims, signer } = signedBy(token, verifying);
  const parsed = runSchema.safeParse(claims).data;
  return parsed && isMeant(parsed, signer, verifying) ? parsed : undefined;
}

/** The claims of a host's question; `undefined` for everything else. */
export function verifiedCollect(word: string, verifying: Verifying): CollectClaims | undefined {
  const { claims, signer } = signedBy(word, verifying);
  const parsed = collectSchema.safeParse(claims).data;
  return parsed && isMeant(parsed, signer, verifying) ? parsed : undefined;
}

/** Nothing of a text is read before its signature was found to be one. */
function signedBy(
  token: string,
  { keys }: Verifying,
): { readonly claims?: unknown; readonly signer?: HostKey | undefined } {
  const [, payload = '', signature = ''] = shape.exec(token) ?? [];
  const signed = Buffer.from(signature, 'base64url');
  // Bits that decoding leaves out would be a second text for the same token.
  if (payload === '' || signed.toString('base64url') !== signature) return {};
  const signer = keys.find(({ key }) => verify(undefined, Buffer.from(domain + payload), key, signed));
  return signer ? { claims: parsedJson(Buffer.from(payload, 'base64url').toString('utf8')), signer } : {};
}

function isMeant(
  { host, facade: meant, issued, expires }: RunClaims | CollectClaims,
  signer: HostKey | undefined,
  { facade, now }: Verifying,
): boolean {
  return host === signer?.id && meant === facade && issued <= now + skewMs && now < expires;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Signed, and no claims all the same.
    return undefined;
  }
}

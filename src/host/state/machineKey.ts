import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const keyBytes = 32;

/** The key of this state directory (0600, made at first use): a plain hash of a short secret could be guessed. */
export function machineKey(stateDir: string): Buffer {
  const file = join(stateDir, 'machine.key');
  return readKey(file) ?? makeKey(file);
}

/** A digest of secrets that may be stored. */
export function keyedDigest(key: Buffer): (secret: string) => string {
  return secret => `hmac:${createHmac('sha256', key).update(secret).digest('hex')}`;
}

function readKey(file: string): Buffer | undefined {
  try {
    const key = readFileSync(file);
    return key.length === keyBytes ? key : undefined;
  } catch {
    return undefined;
  }
}

function makeKey(file: string): Buffer {
  const key = randomBytes(keyBytes);
  writeFileSync(file, key, { mode: 0o600 });
  return key;
}

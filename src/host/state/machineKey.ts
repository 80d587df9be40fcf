import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../node/systemError.js';

/** As long as the digest of SHA-256, which it keys. */
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

/** Nothing where there is none yet, or where a machine that went down left it half written. What cannot be read is not replaced. */
function readKey(file: string): Buffer | undefined {
  try {
    const key = readFileSync(file);
    return key.length === keyBytes ? key : undefined;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

function makeKey(file: string): Buffer {
  const key = randomBytes(keyBytes);
  writeFileSync(file, key, { mode: 0o600 });
  return key;
}

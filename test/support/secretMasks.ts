import { digestSecrets, SecretKeys } from '../../src/node/secretDigests.js';
import { SecretMask } from '../../src/node/secretMask.js';

const keys = new SecretKeys(Buffer.alloc(32, 7));

/** Hides these values, with the key of the tests' machine. */
export function maskOf(...values: readonly string[]): SecretMask {
  return new SecretMask(digestSecrets(values, keys), keys);
}

/** Hides the shapes of well-known keys only. */
export const noSecrets = maskOf();

import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits, so that a plain digest of it can be stored: nobody guesses it. */
export function makeToken(): string {
  return `muster_llm_${randomBytes(32).toString('hex')}`;
}

/**
 * What is stored of a token, and looked up. How long a look-up takes says something about digests, which nobody can choose, and
 * nothing about tokens.
 */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../base/errors.js';
import type { PasswordDigests } from '../../core/access/login.js';

/** 32 MiB and about 80 ms for each guess. */
const cost = { log2: 15, blockSize: 8, parallel: 1 };
const saltBytes = 16;
const hashBytes = 32;
/** They share the thread pool with everything that reads files. */
const atOnce = 2;
/** Whoever stands behind that many is asked to come again. */
const longestLine = 32;

interface Cost {
  readonly log2: number;
  readonly blockSize: number;
  readonly parallel: number;
}

/** `scrypt$15$8$1$<salt>$<hash>`, in base64url: what it costs is written down, so that a later Muster may ask for more. */
export class ScryptDigests implements PasswordDigests {
  #working = 0;
  readonly #line: (() => void)[] = [];

  async digest(password: string): Promise<string> {
    const salt = randomBytes(saltBytes);
    const hash = await this.#hash(password, salt, cost);
    const { log2, blockSize, parallel } = cost;
    return ['scrypt', log2, blockSize, parallel, salt.toString('base64url'), hash.toString('base64url')].join('$');
  }

  async matches(password: string, digest: string): Promise<boolean> {
    const [form, log2, blockSize, parallel, salt = '', hash = ''] = digest.split('$');
    if (form !== 'scrypt') return false;
    const expected = Buffer.from(hash, 'base64url');
    const found = await this.#hash(password, Buffer.from(salt, 'base64url'), {
      log2: Number(log2),
      blockSize: Number(blockSize),
      parallel: Number(parallel),
    });
    return found.length === expected.length && timingSafeEqual(found, expected);
  }

  async #hash(password: string, salt: Buffer, { log2, blockSize, parallel }: Cost): Promise<Buffer> {
    await this.#turn();
    try {
      const options = { N: 2 ** log2, r: blockSize, p: parallel, maxmem: 256 * 2 ** log2 * blockSize };
      return await new Promise<Buffer>((resolve, reject) => {
        scrypt(password.normalize('NFKC'), salt, hashBytes, options, (error, key) =>
          error ? reject(error) : resolve(key),
        );
      });
    } finally {
      this.#working--;
      this.#line.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    if (this.#working >= atOnce) {
      if (this.#line.length >= longestLine)
        throw new AppError('login.paused', 'Too many are logging in. Try again in a moment.', { seconds: 1 });
      await new Promise<void>(resolve => this.#line.push(resolve));
    }
    this.#working++;
  }
}

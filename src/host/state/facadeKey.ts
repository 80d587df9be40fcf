import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../node/systemError.js';

/**
 * The private key (Ed25519) with which this host signs what facades elsewhere believe: a file of the state directory (0600), made at
 * first use and never replaced, because facades know its public half.
 */
export function facadeKey(stateDir: string): KeyObject {
  const file = join(stateDir, 'facade.key');
  return readKey(file) ?? makeKey(file);
}

function readKey(file: string): KeyObject | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return undefined;
  }
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(text);
  } catch {
    // What Node says of it may have some of it.
  }
  if (key?.asymmetricKeyType !== 'ed25519') throw new Error(`${file} holds no private key of Ed25519`);
  return key;
}

/** Whole or not at all: a machine that goes down leaves no half of a key. */
function makeKey(file: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ed25519');
  const beside = `${file}.${process.pid}`;
  try {
    writeFileSync(beside, privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    renameSync(beside, file);
  } finally {
    rmSync(beside, { force: true });
  }
  return privateKey;
}

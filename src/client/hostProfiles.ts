import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonValue } from '../base/jsonObject.js';
import { recordsField, textField } from '../base/unknownFields.js';
import { makePrivateDirectory } from '../node/privateDirectory.js';
import { systemCode } from '../node/systemError.js';
import type { Keychain } from './keychain.js';

/** A host elsewhere that a person has logged in to. */
export interface HostProfile {
  /** Its origin, such as `https://builds.example`. */
  readonly url: string;
  /** What the person calls it; empty: nothing. */
  readonly name: string;
  /** Only where there is no keychain. */
  readonly token?: string | undefined;
}

/** The hosts that a person has logged in to: a list in the state directory, their tokens in the keychain where there is one. */
export class HostProfiles {
  readonly #stateDir: string;
  readonly #keychain: () => Promise<Keychain | undefined>;

  /** `keychain` is asked for when a token is needed: most commands need none. */
  constructor({
    stateDir,
    keychain,
  }: {
    readonly stateDir: string;
    readonly keychain: () => Promise<Keychain | undefined>;
  }) {
    this.#stateDir = stateDir;
    this.#keychain = keychain;
  }

  list(): readonly HostProfile[] {
    try {
      return recordsField(jsonValue(readFileSync(this.#file, 'utf8')), 'hosts').map(host => {
        const token = textField(host, 'token');
        return { url: textField(host, 'url'), name: textField(host, 'name'), ...(token !== '' && { token }) };
      });
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** By its address or its name. */
  find(text: string): HostProfile | undefined {
    return this.list().find(({ url, name }) => url === text || (name !== '' && name === text));
  }

  /** Of a host that was logged in to. Rejects with the signal's reason. */
  async token(url: string, signal: AbortSignal): Promise<string | undefined> {
    const profile = this.find(url);
    if (!profile) return undefined;
    return profile.token ?? (await (await this.#keychain())?.get(profile.url, signal));
  }

  /** Says where the token is now. Rejects with the signal's reason. */
  async keep(
    { url, name, token }: { readonly url: string; readonly name: string; readonly token: string },
    signal: AbortSignal,
  ): Promise<'keychain' | 'file'> {
    const kept = (await (await this.#keychain())?.set(url, token, signal)) === true;
    const others = this.list().filter(each => each.url !== url && (name === '' || each.name !== name));
    this.#write([...others, { url, name, ...(!kept && { token }) }]);
    return kept ? 'keychain' : 'file';
  }

  /** Whether there was one. Rejects with the signal's reason. */
  async forget(text: string, signal: AbortSignal): Promise<boolean> {
    const profile = this.find(text);
    if (!profile) return false;
    await (await this.#keychain())?.remove(profile.url, signal);
    this.#write(this.list().filter(({ url }) => url !== profile.url));
    return true;
  }

  get #file(): string {
    return join(this.#stateDir, 'hosts.json');
  }

  #write(hosts: readonly HostProfile[]): void {
    makePrivateDirectory(this.#stateDir);
    const staged = `${this.#file}.${process.pid}`;
    // Made anew, so that neither its mode nor a link at its place was chosen by somebody else.
    rmSync(staged, { force: true });
    writeFileSync(staged, `${JSON.stringify({ format: 1, hosts }, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(staged, this.#file);
  }
}

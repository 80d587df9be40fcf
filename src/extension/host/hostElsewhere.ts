import type * as vscode from 'vscode';
import { remoteOrigin } from '../../client/remoteEndpoint.js';

const prefix = 'muster.hostToken.';

/** A host of another machine that this window speaks to. Its token is in VS Code's secret storage, never in a settings file. */
export class HostElsewhere {
  readonly #secrets: vscode.SecretStorage;
  readonly #setting: () => string;

  /** `setting` reads the address as the person wrote it. */
  constructor(secrets: vscode.SecretStorage, setting: () => string) {
    this.#secrets = secrets;
    this.#setting = setting;
  }

  /** Its origin; empty: the host of this machine. An address that is none means this machine as well. */
  get address(): string {
    return remoteOrigin(this.#setting()) ?? '';
  }

  /** Undefined when the person has not logged in. */
  async token(address: string): Promise<string | undefined> {
    return await this.#secrets.get(prefix + address);
  }

  async keep(address: string, token: string): Promise<void> {
    await this.#secrets.store(prefix + address, token);
  }

  async forget(address: string): Promise<void> {
    await this.#secrets.delete(prefix + address);
  }
}

import type { Disposable } from '../../base/lifecycle.js';
import type { SandboxDriver } from '../../core/sandboxes/sandboxDriver.js';
import type { MicrovmOptions, MicrovmSandboxDriver } from '../../drivers/microvm/microvmSandboxDriver.js';
import { SandboxOnDemand } from './sandboxOnDemand.js';

/** Virtual machines. A runtime that is not installed yet is looked for again each time: people install it meanwhile. */
export class MicrovmOnDemand extends SandboxOnDemand implements Disposable {
  readonly #options: Omit<MicrovmOptions, 'runtime'>;
  #loaded: Promise<MicrovmSandboxDriver> | undefined;

  constructor(options: Omit<MicrovmOptions, 'runtime'>) {
    super();
    this.#options = options;
  }

  protected override async on(): Promise<SandboxDriver> {
    this.#loaded ??= import('../../drivers/microvm/createMicrovmSandbox.js').then(({ createMicrovmSandbox }) =>
      createMicrovmSandbox(this.#options),
    );
    // Thrown to whoever asked, and not kept.
    this.#loaded.catch(() => (this.#loaded = undefined));
    const driver = await this.#loaded;
    await driver.takeUp();
    return driver;
  }

  async dispose(): Promise<void> {
    // One that could not be loaded has nothing to give back.
    await (await this.#loaded?.catch(() => undefined))?.dispose();
  }
}

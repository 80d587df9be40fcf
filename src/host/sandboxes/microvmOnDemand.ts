import type { Disposable } from '../../base/lifecycle.js';
import type { SandboxDriver } from '../../core/sandboxes/sandboxDriver.js';
import type { VmRuntimeName } from '../../base/vmRuntimes.js';
import type { MicrovmPlace } from '../../drivers/microvm/createMicrovmSandbox.js';
import type { MicrovmSandboxDriver } from '../../drivers/microvm/microvmSandboxDriver.js';
import { SandboxOnDemand } from './sandboxOnDemand.js';

/** Virtual machines of one runtime. One that is not installed yet is looked for again each time: people install it meanwhile. */
export class MicrovmOnDemand extends SandboxOnDemand implements Disposable {
  readonly #name: VmRuntimeName;
  readonly #options: MicrovmPlace;
  #loaded: Promise<MicrovmSandboxDriver> | undefined;

  constructor(name: VmRuntimeName, options: MicrovmPlace) {
    super();
    this.#name = name;
    this.#options = options;
  }

  protected override async on(): Promise<SandboxDriver> {
    this.#loaded ??= import('../../drivers/microvm/createMicrovmSandbox.js').then(({ createMicrovmSandbox }) =>
      createMicrovmSandbox(this.#name, this.#options),
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

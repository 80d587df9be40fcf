import { KernelAPI, KernelConnection, KernelSpecAPI, SessionAPI } from '@jupyterlab/services';
import type { ServerConnection } from '@jupyterlab/services';
import { GuestKernel } from './guestKernel.js';
import type { GuestEndpoint } from './guestFetch.js';
import { guestSettings } from './guestTransport.js';

/** A kind of kernel that a guest server can start. */
export interface GuestKernelSpec {
  readonly name: string;
  readonly displayName: string;
  readonly language: string;
  readonly isDefault: boolean;
}

/** A guest server as its clients use it. */
export class GuestServer {
  readonly #settings: ServerConnection.ISettings;

  /** `path`: that of the server on the host's address, `/jupyter/<thread>/`. */
  constructor(endpoint: GuestEndpoint, path: string) {
    this.#settings = guestSettings(endpoint, path);
  }

  async kernelSpecs(): Promise<readonly GuestKernelSpec[]> {
    const { default: standard, kernelspecs } = await KernelSpecAPI.getSpecs(this.#settings);
    return Object.entries(kernelspecs).flatMap(([name, spec]) =>
      spec ? [{ name, displayName: spec.display_name, language: spec.language, isDefault: name === standard }] : [],
    );
  }

  /** The running kernels. */
  async kernels(): Promise<readonly { readonly id: string; readonly name: string }[]> {
    return await KernelAPI.listRunning(this.#settings);
  }

  /**
   * The kernel of a notebook: the one that runs for it, or a new one. `path` is relative to the server's root. A client that
   * comes back under the same `clientId` hears what was said to it meanwhile.
   */
  async kernelOf(
    path: string,
    options: { readonly kernel: string; readonly clientId?: string | undefined },
  ): Promise<GuestKernel> {
    const session = await SessionAPI.startSession(
      { path, name: path.split('/').at(-1) ?? path, type: 'notebook', kernel: { name: options.kernel } },
      this.#settings,
    );
    const { kernel } = session;
    if (kernel === null) throw new Error(`The session of ${path} has no kernel`);
    return this.#connect(kernel, options.clientId);
  }

  /** The kernel that runs for a notebook, if one does. */
  async runningKernelOf(path: string, clientId?: string): Promise<GuestKernel | undefined> {
    const sessions = await SessionAPI.listRunning(this.#settings);
    const kernel = sessions.find(session => session.path === path)?.kernel;
    return kernel ? this.#connect(kernel, clientId) : undefined;
  }

  /** A kernel that no notebook has, or the running one with this id. */
  async kernel(options: {
    readonly id?: string | undefined;
    readonly name?: string | undefined;
  }): Promise<GuestKernel> {
    const { id, name } = options;
    const model =
      id === undefined
        ? await KernelAPI.startNew(name === undefined ? {} : { name }, this.#settings)
        : { id, name: (await this.kernels()).find(kernel => kernel.id === id)?.name ?? '' };
    return this.#connect(model);
  }

  #connect(model: { readonly id: string; readonly name: string }, clientId?: string): GuestKernel {
    return new GuestKernel(
      new KernelConnection({
        model,
        serverSettings: this.#settings,
        handleComms: false,
        ...(clientId === undefined ? {} : { clientId }),
      }),
    );
  }
}

import type { PullPolicy } from '../../compose/projectSpec.js';
import { loggedInRegistries, registryLogin, registryOf, withRegistry } from '../guests/registryLogin.js';
import type { VmImage } from './vmRuntime.js';

type Environment = Readonly<Record<string, string>>;

/** A name and a password. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Where images of machines come from, as a person's login shell says it for everything that fetches images. */
export class Registries {
  readonly #environment: () => Promise<Environment>;

  constructor(environment: () => Promise<Environment>) {
    this.#environment = environment;
  }

  /** An image with the registry that it is asked of, and what a person is logged in with there. */
  async imageOf({ name, pull }: { readonly name: string; readonly pull: PullPolicy }): Promise<VmImage> {
    if (name.startsWith('/')) return { name, pull };
    const environment = await this.#environment();
    const full = withRegistry(name, environment);
    const login = await this.#login(full, environment);
    const plainHttp = isPlain(registryOf(full), environment);
    return { name: full, pull, ...(login ? { login } : {}), ...(plainHttp ? { plainHttp } : {}) };
  }

  /** Those of which more is known than that they are there. */
  async known(): Promise<readonly { readonly host: string; readonly plainHttp: boolean; readonly login?: Login }[]> {
    const environment = await this.#environment();
    const hosts = new Set([...usualLocal, ...insecure(environment), ...(await loggedInRegistries(environment))]);
    return await Promise.all(
      [...hosts].map(async host => {
        const login = await this.#login(host === 'docker.io' ? 'image' : `${host}/image`, environment);
        return { host, plainHttp: isPlain(host, environment), ...(login ? { login } : {}) };
      }),
    );
  }

  async #login(image: string, environment: Environment): Promise<Login | undefined> {
    const found = await registryLogin(image, environment);
    // A token in place of both is for engines, which change it for another one.
    if (!found || found.identitytoken !== undefined) return undefined;
    const { username, password } = found;
    return { username, password };
  }
}

/** Where a registry on this machine usually listens. */
const usualLocal = ['localhost:5000', '127.0.0.1:5000'];

/** This machine's own speak plain HTTP, as everywhere; and `IMAGE_INSECURE_REGISTRIES`, as agent-compose has it. */
function isPlain(host: string, environment: Environment): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(host) || insecure(environment).includes(host);
}

function insecure(environment: Environment): readonly string[] {
  return (environment['IMAGE_INSECURE_REGISTRIES'] ?? '').split(/[\s,]+/).filter(name => name !== '');
}

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { homeFolder } from '../../node/person.js';
import { fieldOf, textField } from '../../base/unknownFields.js';

/** A helper asks a keychain, which may ask a person. */
const helperMs = 30_000;
const dockerHub = 'https://index.docker.io/v1/';

/** As Docker's engine takes it. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
  /** Instead of both. */
  readonly identitytoken?: string;
}

/**
 * What `docker login` wrote down for the registry of an image: in the file itself, or with the helper that it names. Nothing of it is
 * kept. Undefined when there is none, or it cannot be read: the engine then asks without.
 */
export async function registryLogin(
  image: string,
  environment: Readonly<Record<string, string>>,
): Promise<RegistryLogin | undefined> {
  const file = await dockerConfig(environment);
  const registry = registryOf(image);
  const server = registry === 'docker.io' ? dockerHub : registry;
  const helper = fieldOf(fieldOf(file, 'credHelpers'), registry) ?? fieldOf(file, 'credsStore');
  if (typeof helper === 'string' && /^[\w.-]+$/.test(helper)) {
    const asked = await askHelper(helper, server, environment);
    if (asked) return asked;
  }
  return plainLogin(fieldOf(fieldOf(file, 'auths'), server), server);
}

/** The first part of a name is a registry's when it looks like a host; else it is on Docker Hub. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost') ? first : 'docker.io';
}

/** `IMAGE_REGISTRY`, as agent-compose has it: where names without a registry come from. */
export function withRegistry(name: string, environment: Readonly<Record<string, string>>): string {
  const registry = environment['IMAGE_REGISTRY'];
  if (!registry || registry === 'docker.io' || registryOf(name) !== 'docker.io' || name.startsWith('docker.io/'))
    return name;
  return `${registry.replace(/\/+$/, '')}/${name}`;
}

/** Registries of which `docker login` wrote something down, by the names that images have. */
export async function loggedInRegistries(environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const file = await dockerConfig(environment);
  const names = [fieldOf(file, 'auths'), fieldOf(file, 'credHelpers')].flatMap(each => Object.keys(Object(each)));
  return [...new Set(names.map(name => (name === dockerHub ? 'docker.io' : name)))];
}

async function dockerConfig(environment: Readonly<Record<string, string>>): Promise<unknown> {
  const folder = environment['DOCKER_CONFIG'] ?? join(environment['HOME'] ?? homeFolder() ?? '/', '.docker');
  return await readJson(join(folder, 'config.json'));
}

function plainLogin(entry: unknown, server: string): RegistryLogin | undefined {
  const [username = '', ...rest] = Buffer.from(textField(entry, 'auth'), 'base64').toString('utf8').split(':');
  const password = rest.join(':');
  return username === '' || password === '' ? undefined : { username, password, serveraddress: server };
}

async function askHelper(
  helper: string,
  server: string,
  environment: Readonly<Record<string, string>>,
): Promise<RegistryLogin | undefined> {
  try {
    const asking = promisify(execFile)(`docker-credential-${helper}`, ['get'], { env: environment, timeout: helperMs });
    asking.child.stdin?.end(server);
    const answer: unknown = JSON.parse((await asking).stdout);
    const username = fieldOf(answer, 'Username');
    const password = fieldOf(answer, 'Secret');
    if (typeof username !== 'string' || typeof password !== 'string') return undefined;
    if (username === '<token>') return { identitytoken: password, serveraddress: server, username: '', password: '' };
    return { username, password, serveraddress: server };
  } catch {
    // Nobody is logged in, or the helper is not there: as `docker pull`, the image is asked for without.
    return undefined;
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // No file, no login.
    return undefined;
  }
}

import { execFile } from 'node:child_process';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, errorMessage } from '../../base/errors.js';
import { accountName } from '../../node/person.js';
import {
  launchdLabel,
  launchdPlist,
  scheduledTask,
  serviceName,
  systemdUnit,
  type ServiceFacts,
} from './serviceUnits.js';

/** How long a host may take to end. */
const mostLooks = 100;
const lookMs = 100;

export interface ServiceStatus {
  readonly installed: boolean;
  /** Where it is written down; empty on Windows. */
  readonly file: string;
  /** What the system says of it, a word or two. */
  readonly state: string;
}

/** How one system keeps a program running for a user. */
export interface ServiceManager {
  /** Errors: `service.failed`. */
  install(facts: ServiceFacts): Promise<ServiceStatus>;
  status(): Promise<ServiceStatus>;
  /** Once more changes nothing. */
  uninstall(): Promise<ServiceStatus>;
}

export interface ServicePlace {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export function serviceManager(place: ServicePlace): ServiceManager {
  switch (place.platform) {
    case 'darwin':
      return launchd(place);
    case 'win32':
      return taskScheduler(place);
    default:
      return systemd(place);
  }
}

function systemd({ home, env, signal }: ServicePlace): ServiceManager {
  const file = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'systemd', 'user', `${serviceName}.service`);
  const systemctl = (...args: readonly string[]): Promise<string> => run('systemctl', ['--user', ...args], signal);
  const status = async (): Promise<ServiceStatus> => {
    // It exits with 3 for a unit that does not run, and with 4 for one that there is not.
    const state = await systemctl('is-active', `${serviceName}.service`).catch(() => 'inactive');
    return { installed: await exists(file), file, state: state.trim() };
  };
  return {
    status,
    async install(facts) {
      await write(file, systemdUnit(facts));
      await systemctl('daemon-reload');
      await systemctl('enable', '--now', `${serviceName}.service`);
      return await status();
    },
    async uninstall() {
      // Nothing of this may keep the file from going: a unit that is off by now, or a session without a manager.
      if (await exists(file)) await systemctl('disable', '--now', `${serviceName}.service`).catch(() => '');
      await rm(file, { force: true });
      await systemctl('daemon-reload').catch(() => '');
      return await status();
    },
  };
}

function launchd({ home, signal }: ServicePlace): ServiceManager {
  const file = join(home, 'Library', 'LaunchAgents', `${launchdLabel}.plist`);
  const domain = `gui/${process.getuid?.() ?? 0}`;
  const launchctl = (...args: readonly string[]): Promise<string> => run('launchctl', args, signal);
  // It fails for what is not loaded.
  const print = async (): Promise<string> => await launchctl('print', `${domain}/${launchdLabel}`).catch(() => '');
  const status = async (): Promise<ServiceStatus> => {
    const [, state = 'not loaded'] = /state = (\w+)/.exec(await print()) ?? [];
    return { installed: await exists(file), file, state };
  };
  return {
    status,
    async install(facts) {
      // One of an earlier installation; mostly there is none. It ends after this has answered, and until then no other is loaded.
      await launchctl('bootout', `${domain}/${launchdLabel}`).catch(() => '');
      for (let look = 0; look < mostLooks && (await print()) !== ''; look++) await sleep(lookMs, undefined, { signal });
      await write(file, launchdPlist(facts));
      await launchctl('bootstrap', domain, file);
      return await status();
    },
    async uninstall() {
      // It may not be loaded.
      await launchctl('bootout', `${domain}/${launchdLabel}`).catch(() => '');
      await rm(file, { force: true });
      return await status();
    },
  };
}

function taskScheduler({ home, env, signal }: ServicePlace): ServiceManager {
  const schtasks = (...args: readonly string[]): Promise<string> => run('schtasks.exe', args, signal);
  const status = async (): Promise<ServiceStatus> => {
    // It fails when there is no such task.
    const told = await schtasks('/Query', '/TN', serviceName, '/FO', 'LIST').catch(() => undefined);
    const [, state = 'unknown'] = /Status:\s*(\w+)/.exec(told ?? '') ?? [];
    return { installed: told !== undefined, file: '', state: told === undefined ? 'not installed' : state };
  };
  return {
    status,
    async install(facts) {
      const file = join(home, `.${serviceName}-task.xml`);
      // It is read as UTF-16 with a byte order mark.
      await writeFile(file, `\uFEFF${scheduledTask(facts, windowsUser(env))}`, 'utf16le');
      try {
        await schtasks('/Create', '/TN', serviceName, '/XML', file, '/F');
        await schtasks('/Run', '/TN', serviceName);
      } finally {
        await rm(file, { force: true });
      }
      return await status();
    },
    async uninstall() {
      // It may not run, and it may not be there.
      await schtasks('/End', '/TN', serviceName).catch(() => '');
      await schtasks('/Delete', '/TN', serviceName, '/F').catch(() => '');
      return await status();
    },
  };
}

/** `DOMAIN\\name`; the domain of an account of this machine alone is the machine. */
function windowsUser(env: ServicePlace['env']): string {
  const name = env['USERNAME'] || accountName();
  return env['USERDOMAIN'] ? `${env['USERDOMAIN']}\\${name}` : name;
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}

async function run(command: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return await new Promise((resolve, reject) => {
    execFile(command, [...args], { signal, timeout: 30_000 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const reason = stderr.trim() || errorMessage(error);
      const words = `${command} ${args.join(' ')} failed: ${reason}`;
      reject(new AppError('service.failed', words, { command, reason }, { cause: error }));
    });
  });
}

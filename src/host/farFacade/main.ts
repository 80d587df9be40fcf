import { Redactor } from '../../base/redactor.js';
import { createNodeClock } from '../../drivers/process/nodeClock.js';
import { FarFacade } from './farFacade.js';
import { farSettings } from './farSettings.js';
import { LineLog } from './lineLog.js';

/**
 * Runs the facade until the signal is aborted; what it logs goes to `write`, one line of JSON each. For the command line, which loads
 * this bundle into its own process. Errors: `usage`, `request.invalid`, `model.settings`; those of the ports.
 */
export async function runFacade(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly write: (line: string) => void;
}): Promise<void> {
  const { env, signal, write } = options;
  const redactor = new Redactor();
  const clock = createNodeClock();
  const log = new LineLog({ write, redactor, now: () => clock.now() });
  const settings = farSettings(env);
  const set = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const environment = Object.fromEntries(set);
  const facade = new FarFacade(settings, { clock, log, redactor, environment });
  const ports = await facade.listen();
  log.info('The facade serves models', { facade: settings.facade, ...ports, hosts: settings.keys.map(({ id }) => id) });
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  if (signal.aborted) resolve();
  await promise;
  log.info('The facade ends when no call is at work');
  await facade.end();
}

import { defineCommand, type CommandContext } from '../command.js';
import { installOwnLauncher } from '../connection/ownLauncher.js';
import { serviceManager, type ServiceStatus } from '../service/manageService.js';
import { requireHome } from '../../node/requireHome.js';

const managerOf = ({ env, signal }: CommandContext) =>
  serviceManager({ platform: process.platform, home: requireHome(env), env, signal });

export const serviceInstall = defineCommand({
  name: 'service install',
  summary: 'start the host whenever you log in, so that schedules fire without a window',
  positionals: [],
  options: {
    listen: { type: 'string', value: 'ADDRESS', text: 'listen for webhooks and other machines, see network.md' },
  },
  details:
    'A unit of systemd for the user, an agent of launchd, or a task of Task Scheduler. On Linux `loginctl enable-linger` lets it run while you are logged out.',
  async run(context, args) {
    const listen = args.text('listen');
    const facts = {
      launcher: await installOwnLauncher(context),
      stateDir: context.stateDir,
      options: listen === undefined ? [] : ['--listen', listen],
    };
    return show(context, await managerOf(context).install(facts));
  },
});

export const serviceStatus = defineCommand({
  name: 'service status',
  summary: 'tell whether the host starts by itself',
  positionals: [],
  options: {},
  async run(context) {
    return show(context, await managerOf(context).status());
  },
});

export const serviceUninstall = defineCommand({
  name: 'service uninstall',
  summary: 'start the host by itself no longer',
  positionals: [],
  options: {},
  async run(context) {
    return show(context, await managerOf(context).uninstall());
  },
});

function show({ json, out }: CommandContext, { installed, file, state }: ServiceStatus): number {
  if (json) out.json({ installed, file, state });
  else out.line(installed ? `installed, ${state}${file === '' ? '' : `: ${file}`}` : 'not installed');
  return 0;
}

import { AppError } from '../../base/errors.js';
import type { CommandId } from '../manifest/commandTable.js';

/** Commands that work on files of the host's machine, or on the host's process: where that is another machine they say so. */
const needDisk: ReadonlySet<string> = new Set<CommandId>([
  'muster.stopHost',
  'muster.showHostLog',
  'muster.setModelKey',
  'muster.refreshEnvironment',
  'muster.openWorktree',
  'muster.openWorktreeTerminal',
  'muster.openSandboxTerminal',
  'muster.attachSandbox',
  'muster.openComposeFile',
  'muster.applyProject',
  'muster.previewApply',
  'muster.mergeByHand',
  'muster.finishHandMerge',
  'muster.applySuggestion',
  'muster.openGuestNotebook',
  'muster.newGuestNotebook',
  'muster.openNotebooksInBrowser',
  'muster.attachGuestTerminal',
  'muster.restartGuestKernel',
]);

/** Throws `host.elsewhere` for a command that works on the disk of the host's machine. */
export function requireDisk(command: string, host: string): void {
  if (!needDisk.has(command)) return;
  const text = `That works on the disk of the machine that the host runs on (${host}): use VS Code or \`muster\` there.`;
  throw new AppError('host.elsewhere', text, { host });
}
